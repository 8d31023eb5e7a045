import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uploadFailure } from '../../../../src/domain/message/kernel-failure.ts';
import type { HttpRequest } from '../../../../src/upstreams/guarded-http/guarded-http.ts';
import { readUploadAnswer } from '../../../../src/upstreams/kernel/kernel-answer.ts';
import { createKernelAccess } from '../../../../src/upstreams/kernel/kernel-access.ts';
import { createKernelClient } from '../../../../src/upstreams/kernel/kernel-client.ts';
import { writeForm } from '../../../../src/upstreams/kernel/multipart.ts';

const png = { contentType: 'image/png', bytes: Uint8Array.of(0, 13, 10, 255), filename: 'a.png' };

function answer(status: number, body: string) {
  return { answered: true as const, status, retryAfterMs: null, body, durationMs: 12 };
}

/** Reads a form as another program does. */
async function readForm({ contentType, body }: ReturnType<typeof writeForm>): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
}

describe('the form of an upload', () => {
  it('is read by others as it was meant', async () => {
    const form = await readForm(writeForm({ messaging_product: 'whatsapp', type: 'image/png' }, png));
    expect([form.get('messaging_product'), form.get('type')]).toEqual(['whatsapp', 'image/png']);
    const file = form.get('file') as File; // cast: what is not a file fails below
    expect([file.name, file.type]).toEqual(['a.png', 'image/png']);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(png.bytes);
  });

  it('holds any file, under any name', async () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a"b', 'a\r\nContent-Type: x', '日本.pdf'));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), name, async (bytes, filename) => {
        const form = await readForm(writeForm({ type: 'image/png' }, { ...png, bytes, filename: `${filename}.png` }));
        const file = form.get('file') as File; // cast: what is not a file fails below
        expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
        expect([...form.keys()]).toEqual(['type', 'file']);
      }),
    );
  });
});

describe('the answer to an upload', () => {
  it('gives the file its id', () => {
    expect(readUploadAnswer(answer(200, '{"id":"4490709327384033"}'), [])).toMatchObject({
      kind: 'uploaded',
      mediaId: '4490709327384033',
      httpStatus: 200,
    });
  });

  it.each(['', '{}', '{"id":7}', '{"id":""}', '[]'])('is no success without a readable id: %s', (body) => {
    expect(readUploadAnswer(answer(200, body), [])).toMatchObject({
      kind: 'refused',
      unreadableSuccess: true,
      detail: 'Kernel answered HTTP 200 without a media id.',
    });
  });

  it.each([
    ['a time-out', { answered: false as const, fault: 'timeout' as const, detail: 'No answer.', durationMs: 9 }],
    ['HTTP 500', answer(500, '')],
    ['a success without an id', answer(200, '{}')],
  ])('leaves nothing in doubt: %s is transient', (_, outcome) => {
    const refused = readUploadAnswer(outcome, []);
    expect(refused.kind === 'refused' && uploadFailure(refused, {}).class).toBe('transient');
  });

  it('is classified as that to a send otherwise', () => {
    const refused = readUploadAnswer(answer(400, '{"error":{"code":100,"message":"Invalid parameter"}}'), []);
    expect(refused.kind === 'refused' && uploadFailure(refused, {})).toMatchObject({
      code: 'whatsapp_100',
      source: 'kernel',
      class: 'permanent',
    });
  });
});

describe('an upload', () => {
  it('is posted to the number’s media with the channel’s token', async () => {
    const sent: HttpRequest[] = [];
    const request = (each: HttpRequest) => {
      sent.push(each);
      return Promise.resolve(answer(200, '{"id":"m1"}'));
    };
    const owner = { tenantId: 'ten_1', destination: 'chn_1' };
    const credentials = { accessToken: 'EAAG1' };
    const channel = { owner, apiBaseUrl: 'https://graph.example/v23.0/', phoneNumberId: '1', credentials };
    const access = createKernelAccess({ http: { request }, nowMs: Date.now });
    const uploaded = await createKernelClient({ http: { request }, access }).uploadMedia({ ...channel, file: png });
    expect(uploaded).toMatchObject({ kind: 'uploaded', mediaId: 'm1' });
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: 'https://graph.example/v23.0/1/media',
      headers: { authorization: 'Bearer EAAG1', 'content-type': expect.stringMatching(/^multipart\/form-data; bound/) },
      timeoutMs: 15_000,
    });
  });
});
