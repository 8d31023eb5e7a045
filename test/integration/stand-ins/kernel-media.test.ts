import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kernel } from '../../../demo/stand-ins/kernel-interface.ts';
import { startKernel } from '../../../demo/stand-ins/kernel.ts';

const bytes = Buffer.from([0, 1, 2, 255]);

describe("a user's media at the Kernel stand-in", () => {
  let kernel: Kernel;
  beforeEach(async () => {
    kernel = await startKernel();
    kernel.setChannel({ phoneNumberId: '1061', appSecret: 'secret', accessToken: 'token' });
  });
  afterEach(() => kernel.stop());

  const get = (url: string, token = 'token') => fetch(url, { headers: { authorization: `Bearer ${token}` } });

  it('is described with an address that gives the bytes, both for the token alone', async () => {
    const id = kernel.addMedia({ mimeType: 'image/png', bytes });
    const described = await get(`${kernel.url}/v23.0/${id}`);
    const { url, ...members } = (await described.json()) as { url: string }; // cast: compared below
    expect(members).toMatchObject({ id, mime_type: 'image/png', file_size: 4, messaging_product: 'whatsapp' });
    const given = await get(url);
    expect(given.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await given.arrayBuffer())).toEqual(bytes);
    for (const refused of [await get(`${kernel.url}/v23.0/${id}`, 'other'), await get(url, 'other')]) {
      expect([refused.status, await refused.json()]).toMatchObject([401, { error: { code: 190 } }]);
    }
  });

  it('may be added by another process', async () => {
    const body = JSON.stringify({ mimeType: 'image/png', base64: bytes.toString('base64') });
    const added = await fetch(`${kernel.url}/__control/addMedia`, { method: 'POST', body });
    const { id } = (await added.json()) as { id: string }; // cast: used below
    expect((await get(`${kernel.url}/v23.0/${id}`)).status).toBe(200);
  });

  it('is refused as Meta does where it is unknown', async () => {
    const answer = await get(`${kernel.url}/v23.0/123`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 100 } }]);
  });
});
