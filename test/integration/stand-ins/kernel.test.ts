import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../../demo/stand-ins/meta-error.ts';
import { type KernelFixture, openKernelFixture, waitForTold } from './kernel-fixture.ts';

const to = '+34600111222';

describe('the Kernel stand-in', () => {
  let place: KernelFixture;
  beforeEach(async () => {
    place = await openKernelFixture();
  });
  afterEach(() => place.stop());

  it('accepts a send as Meta does, and tells sent, delivered and read with the job id', async () => {
    const response = await place.send(to);
    const body = (await response.json()) as { messages: { id: string }[]; contacts: unknown }; // cast: read below
    expect(response.status).toBe(200);
    expect(body.contacts).toEqual([{ input: to, wa_id: '34600111222' }]);
    expect(await waitForTold(place, 3)).toEqual(['sent', 'delivered', 'read']);
    const wamid = body.messages[0]?.id;
    expect(wamid).toMatch(/^wamid\./);
    expect(place.told.map((each) => [each.wamid, each.jobId])).toEqual(Array(3).fill([wamid, 'msg_1']));
    expect(place.signed).toEqual([true, true, true]);
  });

  it('takes templates alone outside the window, and refuses those that are stopped', async () => {
    place.change({ windowMs: 60_000, templates: { sleeping: 'PAUSED', gone: 'REJECTED' } });
    const template = (name: string) => ({ type: 'template', template: { name, language: { code: 'es' } } });
    const codeOf = async (content?: object) => {
      const response = await place.send(to, 'msg_1', undefined, content);
      const { error } = (await response.json()) as { error?: { code: number } }; // cast: Meta's shape
      return error?.code ?? response.status;
    };
    expect(await codeOf()).toBe(131_047);
    expect([await codeOf(template('offer')), await codeOf(template('sleeping'))]).toEqual([200, 132_015]);
    expect(await codeOf(template('gone'))).toBe(132_001);
    const item = { type: 'text', text: { body: 'Hola' } };
    await place.kernel.receive(place.kernel.sends.list()[0]?.phoneNumberId ?? '', [
      { from: to, name: 'Ana', wamid: 'wamid.in', item },
    ]);
    expect(await codeOf()).toBe(200);
  });

  it('gives every send an id of its own', async () => {
    await Promise.all([place.send(to), place.send(to), place.send(to)]);
    expect(new Set(place.kernel.sends.list().map(({ wamid }) => wamid)).size).toBe(3);
  });

  it('refuses a wrong token with code 190, and records no send', async () => {
    const response = await place.send(to, 'msg_1', 'wrong');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 190 } });
    expect(place.kernel.sends.total).toBe(0);
  });

  it('refuses what is no message with code 100', async () => {
    const response = await place.send('not a number');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 100, error_data: { details: expect.any(String) } } });
    expect(place.kernel.sends.countWentOut('msg_1')).toBe(0);
  });

  it('follows a script for one number step by step, and accepts the others', async () => {
    place.kernel.script(to, [{ answer: metaRefusal(503, 2), times: 2 }, {}]);
    const statuses: number[] = [];
    for (const number of [to, '+34600111333', to, to]) statuses.push((await place.send(number)).status);
    expect(statuses).toEqual([503, 200, 503, 200]);
  });

  it('counts the sends of a job apart from those that the phone got', async () => {
    place.kernel.script(to, [{ answer: metaRefusal(503, 2) }]);
    await place.send(to, 'msg_7');
    await place.send(to, 'msg_7');
    expect([place.kernel.sends.countSends('msg_7'), place.kernel.sends.countWentOut('msg_7')]).toEqual([2, 1]);
  });

  it('passes on the headers of a scripted answer', async () => {
    place.kernel.script('*', [{ answer: { ...metaRefusal(429, 130429), headers: { 'retry-after': '7' } } }]);
    const response = await place.send(to);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('tells a failure with its error as Meta writes it', async () => {
    const error = { code: 131026, title: 'Message undeliverable', details: 'No WhatsApp there.' };
    place.kernel.script(to, [{ callbacks: ['sent', { status: 'failed', errors: [error] }] }]);
    await place.send(to);
    expect(await waitForTold(place, 2)).toEqual(['sent', 'failed']);
    expect(JSON.parse(place.bodies[1] ?? '')).toMatchObject({
      entry: [
        {
          changes: [
            {
              value: {
                statuses: [
                  {
                    recipient_id: '34600111222',
                    errors: [{ code: 131026, error_data: { details: 'No WhatsApp there.' } }],
                  },
                ],
              },
            },
          ],
        },
      ],
    });
  });

  describe('for files', () => {
    const url = () => `${place.kernel.url}/v23.0/1001/media`;
    const headers = { authorization: 'Bearer token' };

    function aForm(type: string, content = 'bytes'): FormData {
      const form = new FormData();
      form.set('messaging_product', 'whatsapp');
      form.set('file', new File([content], 'a.png', { type }));
      return form;
    }
    async function upload(body: FormData | string): Promise<{ status: number; id: string }> {
      const response = await fetch(url(), { method: 'POST', headers, body });
      const { id } = (await response.json()) as { id: string }; // cast: read below
      return { status: response.status, id };
    }

    it('takes an upload, answers its id, and then sends the file by it', async () => {
      const { id } = await upload(aForm('image/png'));
      expect(place.kernel.media.get(id)).toEqual({
        phoneNumberId: '1001',
        contentType: 'image/png',
        filename: 'a.png',
        bytes: 5,
      });
      expect((await place.send(to, 'msg_1', 'token', { type: 'image', image: { id } })).status).toBe(200);
    });

    it.each([
      ['an image', { type: 'image', image: { id: 'media-x' } }],
      ['a header', { type: 'interactive', interactive: { header: { type: 'image', image: { id: 'media-x' } } } }],
    ])('refuses %s of which it has no upload with code 131009', async (_, content) => {
      const response = await place.send(to, 'msg_1', 'token', content);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 131_009 } });
    });

    it.each([
      ['no form', () => 'bytes'],
      ['a type that Meta does not take', () => aForm('image/gif')],
      ['an empty file', () => aForm('image/png', '')],
    ])('refuses %s', async (_, make) => {
      expect((await upload(make())).status).toBe(400);
      expect(place.kernel.media.size).toBe(0);
    });

    it('follows a script for one number of the customer', async () => {
      place.kernel.scriptUploads('1001', [{ status: 503 }]);
      expect((await upload(aForm('image/png'))).status).toBe(503);
      expect((await upload(aForm('image/png'))).status).toBe(200);
      expect(place.kernel.media.size).toBe(1);
    });
  });
});
