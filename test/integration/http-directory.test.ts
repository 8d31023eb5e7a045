import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const ana = { active: true, language: 'es-ES', push: { enabled: true, tokens: [{ token: 't-1', platform: 'ios' }] } };

function importLines(body: string | Buffer) {
  return test.call('POST /v1/directory/import', { body, headers: { 'content-type': 'application/x-ndjson' } });
}

describe('the directory', () => {
  it('saves merchants as they are given', async () => {
    const put = await test.call('PUT /v1/directory/merchants/m-1', { body: { name: 'Bakery', active: false } });
    expect(put.body).toMatchObject({ merchantId: 'm-1', name: 'Bakery', active: false });
    expect((await test.call('GET /v1/directory/merchants/m-1')).body).toEqual(put.body);
    const again = await test.call('PUT /v1/directory/merchants/m-1', { body: {} });
    expect(again.body).toMatchObject({ name: null, active: true });
    expect((await test.call('GET /v1/directory/merchants/m-none')).status).toBe(404);
  });

  it('saves users, and makes the merchant that is missing', async () => {
    const put = await test.call('PUT /v1/directory/merchants/m-2/users/u%2F1', { body: ana });
    expect(put.body).toMatchObject({
      merchantId: 'm-2',
      userId: 'u/1',
      active: true,
      roles: ['user'],
      language: 'es-ES',
      push: { enabled: true, tokens: [{ token: 't-1', platform: 'ios' }] },
    });
    expect((await test.call('GET /v1/directory/merchants/m-2/users/u%2F1')).body).toEqual(put.body);
    expect((await test.call('GET /v1/directory/merchants/m-2')).body).toMatchObject({ name: null, active: true });
  });

  it('replaces tokens, and counts one that comes again as registered now', async () => {
    const route = 'PUT /v1/directory/merchants/m-3/users/u-1';
    const withTokens = (...tokens: string[]) => ({
      body: { ...ana, push: { enabled: true, tokens: tokens.map((token) => ({ token })) } },
    });
    const first = await test.call(route, withTokens('a', 'b'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await test.call(route, withTokens('b', 'c'));
    const tokens = second.at('push.tokens') as { token: string; registeredAt: string }[];
    expect(tokens.map(({ token }) => token)).toEqual(['b', 'c']);
    expect(tokens[0]?.registeredAt).not.toBe(first.at('push.tokens.1.registeredAt'));
    expect((await test.call(route, withTokens())).at('push.tokens')).toEqual([]);
    expect((await test.call(route, withTokens('a', 'a'))).at('errors.0.pointer')).toBe('/push/tokens');
  });
});

describe('what the directory cannot hold', () => {
  const tokens = (count: number) => Array.from({ length: count }, (_token, index) => ({ token: `t-${index}` }));

  it.each<[string, string, object, string]>([
    ['a user without language', 'm/users/u', { active: true }, '/language'],
    ['a user who is neither active nor not', 'm/users/u', { language: 'en' }, '/active'],
    ['a role that is none', 'm/users/u', { ...ana, roles: ['owner'] }, '/roles/0'],
    ['an unknown member', 'm/users/u', { ...ana, name: 'Ana' }, '/name'],
    ['push that does not say whether', 'm/users/u', { ...ana, push: { tokens: [] } }, '/push/enabled'],
    [
      'an empty token',
      'm/users/u',
      { ...ana, push: { enabled: true, tokens: [{ token: '' }] } },
      '/push/tokens/0/token',
    ],
    ['51 tokens', 'm/users/u', { ...ana, push: { enabled: true, tokens: tokens(51) } }, '/push/tokens'],
    ['a user id with a line break', 'm/users/a%0Ab', ana, '/path/userId'],
    ['a merchant id with 201 characters', `${'m'.repeat(201)}/users/u`, ana, '/path/merchantId'],
    ['a merchant with an unknown member', 'm', { colour: 'red' }, '/colour'],
    ['a merchant with a name of two lines', 'm', { name: 'a\nb' }, '/name'],
  ])('is %s', async (_case, path, body, pointer) => {
    const answer = await test.call(`PUT /v1/directory/merchants/${path}`, { body });
    expect(refusalOf(answer)).toEqual([422, 'invalid_request', pointer]);
  });

  it('takes 50 tokens, and ids with blanks, slashes and letters of any script', async () => {
    const path = `m%20%2F%C3%B1/users/${encodeURIComponent('u 1/ñ')}`;
    const body = { ...ana, push: { enabled: true, tokens: tokens(50) } };
    const put = await test.call(`PUT /v1/directory/merchants/${path}`, { body });
    expect(put.body).toMatchObject({ merchantId: 'm /ñ', userId: 'u 1/ñ' });
    expect(put.at('push.tokens')).toHaveLength(50);
  });
});

describe('an import', () => {
  const line = (merchantId: string, userId: string, members: object = {}) =>
    JSON.stringify({ merchantId, userId, ...ana, ...members });

  it('saves what can be saved and tells the rest by its line', async () => {
    const body = Buffer.concat([
      Buffer.from(`${line('i-1', 'u-1')}\r\n\n{"half":\n${line('i-1', 'u-2', { active: 'yes' })}\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from(`"${'x'.repeat(300_000)}"\n`),
      Buffer.from(`${line('i-2', 'u-3', { language: 'a\u0000' })}\n`),
      Buffer.from(`${line('i-1', 'u-1', { language: 'en' })}\n${line('i-2', 'u-4')}`),
    ]);
    const answer = await importLines(body);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      imported: 3,
      failed: 5,
      errors: [
        { line: 3, problem: { code: 'malformed_json', status: 400, source: 'api' } },
        { line: 4, problem: { code: 'invalid_request', errors: [{ pointer: '/active' }] } },
        { line: 5, problem: { code: 'malformed_json' } },
        { line: 6, problem: { code: 'payload_too_large' } },
        { line: 7, problem: { code: 'invalid_request', errors: [{ pointer: '/language' }] } },
      ],
    });
    expect((await test.call('GET /v1/directory/merchants/i-1/users/u-1')).at('language')).toBe('en');
    expect((await test.call('GET /v1/directory/merchants/i-2/users/u-4')).status).toBe(200);
    expect((await test.call('GET /v1/directory/merchants/i-1/users/u-2')).status).toBe(404);
  });

  it('takes thousands, twice, from two callers at once', async () => {
    const lines = Array.from({ length: 3_000 }, (_, index) => line(`big-${index % 7}`, `u-${index}`));
    const answers = await Promise.all([importLines(lines.join('\n')), importLines(lines.toReversed().join('\n'))]);
    for (const answer of answers) expect(answer.body).toEqual({ imported: 3_000, failed: 0, errors: [] });
    const [row] = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.query<{ users: string; tokens: string }>({
        text: `select (select count(*) from directory_user where merchant_id like 'big-%') as users,
          (select count(*) from push_token where merchant_id like 'big-%') as tokens`,
      }),
    );
    expect(row).toEqual({ users: '3000', tokens: '3000' });
  });

  it('tells 1,000 errors and counts all', async () => {
    const answer = await importLines('{}\n'.repeat(1_500));
    expect([answer.at('imported'), answer.at('failed')]).toEqual([0, 1_500]);
    expect(answer.at('errors')).toHaveLength(1_000);
  });

  it('answers over its connection when the database fails half-way, and lets go of it', async () => {
    const failing = await startTestApp();
    failing.dependencies.transactions.withTenant = () =>
      Promise.reject(Object.assign(new Error('terminated'), { code: '57P01' }));
    const address = await failing.app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${failing.key}`, 'content-type': 'application/x-ndjson' };
      const upload = request(`${address}/v1/directory/import`, { method: 'POST', headers }, resolve);
      upload.on('error', reject);
      // Never ended: the answer must not wait for the rest.
      upload.write(`${Array.from({ length: 600 }, (_, index) => line('cut', `u-${index}`)).join('\n')}\n`);
    });
    expect([answer.statusCode, answer.headers['retry-after'], answer.headers.connection]).toEqual([503, '5', 'close']);
    answer.destroy();
    await failing.close();
  });

  it('takes an empty body and no other media type', async () => {
    expect((await importLines('')).body).toEqual({ imported: 0, failed: 0, errors: [] });
    expect((await test.call('POST /v1/directory/import', { body: '[]' })).status).toBe(415);
  });
});
