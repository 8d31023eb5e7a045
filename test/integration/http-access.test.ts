import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConsoleSessions } from '../../src/console/session.ts';
import { createStrangerLookups } from '../../src/http/stranger-lookups.ts';
import { buildApp } from '../../src/http/build-app.ts';
import { scopes } from '../../src/domain/scope.ts';
import { poll } from '../support/poll.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

async function makeKey(members: Readonly<Record<string, unknown>>): Promise<{ id: string; key: string }> {
  const made = await test.call('POST /v1/api-keys', { body: { name: 'narrow', scopes: ['config:write'], ...members } });
  expect(made.status).toBe(201);
  return { id: String(made.at('id')), key: String(made.at('apiKey')) };
}

describe('a key', () => {
  it('opens the routes of its scopes, by either header', async () => {
    const { key } = await makeKey({ scopes: ['config:write'] });
    expect((await test.call('GET /v1/channels', { key })).status).toBe(200);
    expect((await test.call('GET /v1/channels', { key: null, headers: { 'x-api-key': key } })).status).toBe(200);
    expect(
      (await test.call('GET /v1/channels', { key: null, headers: { authorization: `bearer ${key}` } })).status,
    ).toBe(200);
    const refused = await test.call('GET /v1/directory/merchants/m-1', { key });
    expect([refused.status, refused.at('code')]).toEqual([403, 'insufficient_scope']);
    expect(refused.at('detail')).toContain('directory:write');
  });

  it('says whose it is and what it may do', async () => {
    const { id, key } = await makeKey({ name: 'of the shop', scopes: ['jobs:write', 'jobs:read'] });
    const me = await test.call('GET /v1/me', { key });
    expect([me.status, me.at('tenant.id'), me.at('key'), me.at('scopes')]).toEqual([
      200,
      test.tenantId,
      { id, name: 'of the shop' },
      ['jobs:read', 'jobs:write'],
    ]);
  });

  it('is refused when it is missing, wrong, expired or deleted', async () => {
    const expired = await makeKey({ expiresAt: '2020-01-01T00:00:00Z' });
    const deleted = await makeKey({});
    expect((await test.call(`DELETE /v1/api-keys/${deleted.id}`)).status).toBe(204);
    expect((await test.call(`DELETE /v1/api-keys/${deleted.id}`)).status).toBe(404);
    const wrong = [null, '', 'wp_x', `wp_${'A'.repeat(43)}`, 'x\u0000', expired.key, deleted.key, `${test.key}x`];
    for (const key of wrong) {
      const answer = await test.call('GET /v1/channels', { key });
      expect([key, answer.status, answer.at('code')]).toEqual([key, 401, 'unauthorized']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('is checked before the body', async () => {
    const body = '{ this is no JSON';
    const { key } = await makeKey({ scopes: ['jobs:read'] });
    expect((await test.call('POST /v1/channels', { body, key: null })).status).toBe(401);
    expect((await test.call('POST /v1/channels', { body, key })).status).toBe(403);
    const huge = { body: 'x'.repeat(20_000_000), key: null, headers: { 'content-type': 'application/x-ndjson' } };
    expect((await test.call('POST /v1/directory/import', huge)).status).toBe(401);
  });

  it('is shown once and stored as a hash', async () => {
    const { key } = await makeKey({ name: 'seen once' });
    const list = await test.call('GET /v1/api-keys');
    expect(list.text).toContain('seen once');
    expect(list.text).not.toContain(key);
    const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.query({ text: 'select api_key::text as row from api_key' }),
    );
    expect(JSON.stringify(rows)).not.toContain(key);
  });
});

describe('a key that makes keys', () => {
  it('gives no scope that it has not itself, and nothing is made', async () => {
    // With `config:write` alone one could make a key of all scopes, and read every message with that.
    const { key } = await makeKey({});
    const before = (await test.call('GET /v1/api-keys?limit=200')).body;
    const body = { name: 'stronger', scopes: ['config:write', 'messages:write', 'inbox:read'] };
    const refused = await test.call('POST /v1/api-keys', { key, body });
    expect([refused.status, refused.at('code')]).toEqual([403, 'insufficient_scope']);
    expect([refused.at('errors.0.pointer'), refused.at('errors.1.pointer')]).toEqual(['/scopes/1', '/scopes/2']);
    expect((await test.call('GET /v1/api-keys?limit=200')).body).toEqual(before);
    const equal = await test.call('POST /v1/api-keys', { key, body: { name: 'equal', scopes: ['config:write'] } });
    expect(equal.status).toBe(201);
  });
});

describe('a key that ends', () => {
  it('opens nothing from the next call on, at every api', async () => {
    const second = await buildApp({ ...test.dependencies, metrics: new Registry() });
    const atSecond = async (key: string) =>
      (await second.inject({ url: '/v1/channels', headers: { authorization: `Bearer ${key}` } })).statusCode;
    const { id, key } = await makeKey({});
    for (let times = 0; times < 3; times += 1) {
      expect([(await test.call('GET /v1/channels', { key })).status, await atSecond(key)]).toEqual([200, 200]);
    }
    expect((await test.call(`DELETE /v1/api-keys/${id}`)).status).toBe(204);
    expect([await atSecond(key), (await test.call('GET /v1/channels', { key })).status]).toEqual([401, 401]);

    const endsMs = Date.now() + 700;
    const short = await makeKey({ expiresAt: new Date(endsMs).toISOString() });
    expect(await atSecond(short.key)).toBe(200);
    const look = () => atSecond(short.key);
    await poll({ what: 'the end', look, isDone: (status) => status === 401, timeoutMs: 5_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(endsMs);
    await second.close();
  });

  it('may be the last one: the operator makes a new one', async () => {
    const { id, key } = await test.makeTenant();
    const { body } = await test.call('GET /v1/api-keys', { key });
    const [last] = (body as { data: { id: string }[] }).data; // cast: the contract
    expect((await test.call(`DELETE /v1/api-keys/${last?.id}`, { key })).status).toBe(204);
    expect((await test.call('GET /v1/api-keys', { key })).status).toBe(401);

    const route = `POST /v1/tenants/${id}/api-keys`;
    const wanted = { body: { name: 'back again', scopes: ['config:write'] } };
    expect((await test.call(route, wanted)).at('code')).toBe('insufficient_scope');
    expect((await test.call(route, { ...wanted, key: null })).status).toBe(401);
    const made = await test.call(route, { ...wanted, key: adminKey });
    expect(made.status).toBe(201);
    const list = await test.call('GET /v1/api-keys', { key: String(made.at('apiKey')) });
    expect(list.at('data.0.name')).toBe('back again');
    const nowhere = 'POST /v1/tenants/ten_none/api-keys';
    expect((await test.call(nowhere, { ...wanted, key: adminKey })).status).toBe(404);
  });
});

describe('the admin key', () => {
  it('opens the tenants and nothing of theirs', async () => {
    expect((await test.call('GET /v1/tenants', { key: adminKey })).status).toBe(200);
    expect((await test.call('GET /v1/tenants', { key: null, headers: { 'x-api-key': adminKey } })).status).toBe(200);
    const refused = await test.call('GET /v1/channels', { key: adminKey });
    expect([refused.status, refused.at('code')]).toEqual([403, 'insufficient_scope']);
  });

  it('is not replaced by a key of a tenant', async () => {
    for (const route of ['GET /v1/tenants', 'POST /v1/tenants', `GET /v1/tenants/${test.tenantId}`]) {
      expect((await test.call(route)).status).toBe(403);
      expect((await test.call(route, { key: 'nonsense' })).status).toBe(401);
      expect((await test.call(route, { key: null })).status).toBe(401);
    }
  });

  it('makes tenants whose first key has all scopes', async () => {
    const made = await test.call('POST /v1/tenants', { body: { name: 'Ñandú' }, key: adminKey });
    expect(made.status).toBe(201);
    expect(made.headers['location']).toBe(`/v1/tenants/${String(made.at('id'))}`);
    const { apiKey, ...tenant } = made.body as { apiKey: string };
    const read = await test.call(`GET /v1/tenants/${String(made.at('id'))}`, { key: adminKey });
    expect(read.body).toEqual(tenant);
    expect(read.body).toMatchObject({ name: 'Ñandú', defaultLanguage: 'en' });
    const keys = await test.call('GET /v1/api-keys', { key: apiKey });
    expect(keys.at('data.0.scopes')).toEqual(scopes);
    expect((await test.call('GET /v1/tenants/ten_none', { key: adminKey })).status).toBe(404);
    const absent = 'ten_00000000000000000000000000';
    expect((await test.call(`GET /v1/tenants/${absent}`, { key: adminKey })).status).toBe(404);
  });
});

describe('routes', () => {
  it('stop the start when one does not say who may call it', async () => {
    const { default: fastify } = await import('fastify');
    const { authenticateRequests } = await import('../../src/http/authentication.ts');
    const app = fastify();
    const strangers = createStrangerLookups(test.dependencies);
    const sessions = createConsoleSessions(test.dependencies);
    authenticateRequests(app, { transactions: test.database.transactions, adminKey, strangers, sessions });
    expect(() => app.get('/forgotten', async () => 'open to all')).toThrow('GET /forgotten does not name its access');
    await app.close();
  });

  it('ask for a key unless they are on this list', async () => {
    const document = await test.call('GET /openapi.json', { key: null });
    const open: string[] = [];
    for (const [path, operations] of Object.entries((document.body as { paths: Record<string, object> }).paths)) {
      for (const [method, operation] of Object.entries(operations as Record<string, { security: unknown[] }>)) {
        if (operation.security.length === 0) open.push(`${method} ${path}`);
      }
    }
    const callbacks = open.filter((route) => /callbacks|\{capability\}/.test(route));
    expect(open.filter((route) => !callbacks.includes(route)).toSorted()).toEqual([
      'get /livez',
      'get /metrics',
      'get /problems',
      'get /problems/{code}',
      'get /readyz',
    ]);
  });
});
