import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
let address: string;
const logged: string[] = [];
beforeAll(async () => {
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  app = await startTestApp({ log });
  address = await app.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const ndjson = { 'content-type': 'application/x-ndjson' };
const byteOrderMark = '\u{feff}';
const line = (merchantId: string, userId: string, members: object = {}) =>
  JSON.stringify({ merchantId, userId, active: true, language: 'es', ...members });
const importLines = (body: string | Buffer, headers: Readonly<Record<string, string>> = ndjson) =>
  app.call('POST /v1/directory/import', { body, headers });
const languageOf = async (merchantId: string, userId: string) =>
  (await app.call(`GET /v1/directory/merchants/${merchantId}/users/${userId}`)).at('language');

async function countUsers(merchantId: string): Promise<number> {
  const [row] = await app.database.transactions.withTenant(app.tenantId, (tx) =>
    tx.query<{ users: number }>({
      text: 'select count(*)::integer as users from directory_user where merchant_id = $1',
      values: [merchantId],
    }),
  );
  return row?.users ?? 0;
}

/** An import over a real connection, written to piece by piece. */
function upload(): { readonly stream: ClientRequest; readonly answer: Promise<{ status: number; body: unknown }> } {
  const headers = { authorization: `Bearer ${app.key}`, ...ndjson };
  const stream = request(`${address}/v1/directory/import`, { method: 'POST', headers });
  const answer = new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown });
      });
    });
  });
  return { stream, answer };
}

describe('the lines of an import', () => {
  it.each([
    ['end with CRLF', `${line('crlf', 'a')}\r\n${line('crlf', 'b')}\r\n`],
    ['end with nothing at the end', `${line('open', 'a')}\n${line('open', 'b')}`],
    ['have blank ones between them', `\n \t\r\n${line('blank', 'a')}\n\n\n${line('blank', 'b')}\n\n`],
    ['begin with a byte order mark', `${byteOrderMark}${line('bom', 'a')}\n${line('bom', 'b')}\n`],
    ['begin with nothing but a byte order mark', `${byteOrderMark}\r\n${line('bom2', 'a')}\n${line('bom2', 'b')}\n`],
    ['have blanks around them', `  ${line('space', 'a')}\t\n\t${line('space', 'b')}  \n`],
  ])('may %s', async (_case, body) => {
    expect((await importLines(body)).body).toEqual({ imported: 2, failed: 0, errors: [] });
  });

  it('are counted from 1, blank ones included, wherever they are cut on their way', async () => {
    const long = `{"merchantId":"${'x'.repeat(256 * 1024)}"}`;
    const body = Buffer.concat([
      Buffer.from(`${byteOrderMark}\n${line('cut', 'ñandú')}\r\n\n{"half":\n`),
      Buffer.from([0xc3, 0x28, 0x0a]),
      Buffer.from(`${long}\n[]\n${line('cut', 'b')}${line('cut', 'c')}\n${line('cut', 'd', { role: 'x' })}\nnull`),
    ]);
    const whole = await importLines(body);
    const errors = whole.at('errors') as { line: number; problem: { code: string } }[];
    expect(errors.map(({ line: number, problem }) => [number, problem.code])).toEqual([
      [4, 'malformed_json'],
      [5, 'malformed_json'],
      [6, 'payload_too_large'],
      [7, 'invalid_request'],
      [8, 'malformed_json'],
      [9, 'invalid_request'],
      [10, 'invalid_request'],
    ]);
    expect([whole.at('imported'), whole.at('failed')]).toEqual([1, 7]);
    const { stream, answer } = upload();
    for (let from = 0; from < 60; from += 1) stream.write(body.subarray(from, from + 1));
    stream.end(body.subarray(60));
    const { body: inPieces } = await answer;
    expect(inPieces).toMatchObject({
      imported: 1,
      failed: 7,
      errors: errors.map(({ line: number }) => ({ line: number })),
    });
    expect(await languageOf('cut', encodeURIComponent('ñandú'))).toBe('es');
  });

  it('of one user are as if they came one after the other, over the bounds of what is saved together', async () => {
    const others = Array.from({ length: 700 }, (_line, index) => line('order', `u-${index}`));
    const lines = [line('order', 'twice', { language: 'de' }), ...others, line('order', 'twice', { language: 'fr' })];
    expect((await importLines(lines.join('\n'))).at('imported')).toBe(702);
    expect([await languageOf('order', 'twice'), await countUsers('order')]).toEqual(['fr', 701]);
  });
});

describe('an import whose caller goes away in the middle', () => {
  it('leaves what was saved, is no outage, and can be sent again', async () => {
    const lines = Array.from({ length: 1_200 }, (_line, index) => `${line('gone', `u-${index}`)}\n`);
    const { stream, answer } = upload();
    stream.write(lines.slice(0, 700).join(''));
    await expect.poll(() => countUsers('gone'), { timeout: 10_000 }).toBe(500);
    logged.length = 0;
    stream.destroy(new Error('the caller had enough'));
    await expect(answer).rejects.toThrow('the caller had enough');
    // Its connection is let go of: the server could stop now.
    await expect.poll(() => connections(), { timeout: 10_000 }).toBe(0);
    expect(logged.filter((text) => text.includes('failed'))).toEqual([]);
    expect(await countUsers('gone')).toBe(500);
    expect((await importLines(lines.join(''))).body).toEqual({ imported: 1_200, failed: 0, errors: [] });
    expect(await countUsers('gone')).toBe(1_200);
  });

  function connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      app.app.server.getConnections((error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }
});

describe('who may import, and what', () => {
  it.each([
    ['application/x-ndjson; charset=utf-8', 200],
    ['Application/X-NDJSON', 200],
    ['application/json', 415],
    ['application/jsonl', 415],
    ['text/plain', 415],
    ['', 415],
  ])('a body of type "%s" is answered with %i', async (type, status) => {
    const answer = await importLines(line('typed', 'a'), { 'content-type': type });
    expect([answer.status, status === 415 ? answer.at('code') : undefined]).toEqual([
      status,
      status === 415 ? 'unsupported_media_type' : undefined,
    ]);
  });

  it('a compressed body is not read', async () => {
    expect((await importLines(line('typed', 'a'), { ...ndjson, 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('a key without directory:write is refused before a line is read, and a tenant fills only its own', async () => {
    const narrow = await app.call('POST /v1/api-keys', { body: { name: 'narrow', scopes: ['config:write'] } });
    const body = line('whose', 'a');
    const send = (key: string) => app.call('POST /v1/directory/import', { body, headers: ndjson, key });
    expect([(await send(String(narrow.at('apiKey')))).status, await countUsers('whose')]).toEqual([403, 0]);
    const other = await app.makeTenant();
    expect([(await send(other.key)).at('imported'), await countUsers('whose')]).toEqual([1, 0]);
  });
});
