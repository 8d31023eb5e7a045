import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  adminKey,
  aWhatsappChannel,
  type CallOptions,
  publicUrl,
  startTestApp,
  type TestApp,
} from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

function asType(mediaType: string): CallOptions {
  return { body: 'a=b', headers: { 'content-type': mediaType } };
}

describe('an error at the door', () => {
  it('is a whole problem document with a page behind its type', async () => {
    const answer = await test.call('GET /v1/channels/chn_none', { headers: { 'x-request-id': 'trace-7' } });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-request-id']).toBe('trace-7');
    expect(answer.body).toMatchObject({
      type: `${publicUrl}/problems/not_found`,
      title: 'Not found',
      status: 404,
      instance: 'urn:waypost:request:trace-7',
      code: 'not_found',
      source: 'api',
      class: 'permanent',
      recoverable: false,
      requestId: 'trace-7',
      tenantId: test.tenantId,
      jobId: null,
      provider: null,
      errors: [],
    });
    const page = await test.call('GET /problems/not_found', { key: null, headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('There is no such object');
  });

  it.each([
    ['a blank at its end', 'ends '],
    ['a tab', 'has\ttab'],
    ['129 characters', 'a'.repeat(129)],
    ['an umlaut', 'ümlaut'],
  ])('gets an id of ours instead of one with %s', async (_name, given) => {
    const answer = await test.call('GET /livez', { key: null, headers: { 'x-request-id': given } });
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
  });

  it.each(['trace-7', '../etc', '{"a": 1}', 'Root=1-67891233;Sampled=1', 'two words', 'x'])(
    'keeps the printable id %s',
    async (given) => {
      const answer = await test.call('GET /v1/channels/chn_none', { headers: { 'x-request-id': given } });
      expect([answer.headers['x-request-id'], answer.at('requestId')]).toEqual([given, given]);
    },
  );

  it.each<[name: string, status: number, code: string, route: string, options?: CallOptions]>([
    ['an unknown path', 404, 'route_not_found', 'GET /nowhere'],
    ['a path that is no UTF-8', 404, 'route_not_found', 'GET /v1/%zz'],
    ['an id of absurd length', 404, 'route_not_found', `GET /v1/channels/${'x'.repeat(2_000)}`],
    ['an unknown method', 405, 'method_not_allowed', 'DELETE /v1/channels'],
    ['half a JSON', 400, 'malformed_json', 'POST /v1/channels', { body: '{"kind":' }],
    ['JSON that is no UTF-8', 400, 'malformed_json', 'POST /v1/channels', { body: Buffer.from([0x22, 0xff, 0x22]) }],
    ['another media type', 415, 'unsupported_media_type', 'POST /v1/channels', asType('text/plain')],
    ['an empty media type', 415, 'unsupported_media_type', 'POST /v1/channels', asType('')],
    [
      'a compressed body',
      415,
      'unsupported_media_type',
      'POST /v1/channels',
      { headers: { 'content-encoding': 'gzip' } },
    ],
    [
      'a body over 256 KiB',
      413,
      'payload_too_large',
      'POST /v1/channels',
      { body: JSON.stringify('x'.repeat(262_144)) },
    ],
    ['no body', 422, 'invalid_request', 'POST /v1/channels'],
    ['an empty body', 422, 'invalid_request', 'POST /v1/channels', { body: '' }],
    ['__proto__', 422, 'invalid_request', 'POST /v1/channels', { body: '{"__proto__":{"a":1}}' }],
    ['constructor', 422, 'invalid_request', 'POST /v1/channels', { body: '{"constructor":{"prototype":{}}}' }],
    ['deep nesting', 422, 'invalid_request', 'POST /v1/channels', { body: '['.repeat(5_000) + ']'.repeat(5_000) }],
    ['a NUL in a text', 422, 'invalid_request', 'POST /v1/channels', { body: '{"name":"a\\u0000b"}' }],
    ['half a surrogate pair', 422, 'invalid_request', 'POST /v1/channels', { body: '{"name":"\\ud800"}' }],
    ['a NUL in the path', 422, 'invalid_request', 'GET /v1/channels/a%00b'],
    ['a limit of 0', 422, 'invalid_request', 'GET /v1/channels?limit=0'],
    ['a cursor that is no JSON', 400, 'invalid_cursor', 'GET /v1/channels?cursor=bm9wZQ'],
    ['a cursor of another list', 400, 'invalid_cursor', 'GET /v1/channels?cursor=MTI'],
  ])('answers %s with %i %s', async (_name, status, code, route, options) => {
    const answer = await test.call(route, options);
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.at('status')).toBe(status);
    expect(answer.headers['x-request-id']).toBe(answer.at('requestId'));
  });

  it('names the methods that a path answers to', async () => {
    const answer = await test.call('PUT /v1/channels/chn_1');
    expect(answer.headers['allow']).toBe('GET, HEAD, PATCH, DELETE');
  });

  it('points at every culprit by JSON pointer', async () => {
    const { name: _name, ...body } = aWhatsappChannel({
      numRetries: 'many',
      userNotices: { en: '' },
      errorOverrides: { '131049': { class: 'odd', 'a/b': 1 } },
      surprise: true,
    });
    const answer = await test.call('POST /v1/channels', { body });
    expect(answer.status).toBe(422);
    const errors = answer.at('errors');
    const pointers = Array.isArray(errors) ? errors.map((error: { pointer: string }) => error.pointer) : [];
    expect(pointers.toSorted()).toEqual([
      '/errorOverrides/131049/a~1b',
      '/errorOverrides/131049/class',
      '/name',
      '/numRetries',
      '/surprise',
      '/userNotices/en',
    ]);
  });

  it('says where in the query', async () => {
    const answer = await test.call('GET /v1/channels?limit=999');
    expect(answer.at('errors.0.pointer')).toBe('/query/limit');
  });

  it('tells nothing of a fault inside, and its log line no word of the error, the path or the headers', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
    const broken = await startTestApp({
      log,
      urlGuard: {
        checkUrl: () => {
          throw new Error('secret: +34600111222');
        },
      },
    });
    const answer = await broken.call('POST /v1/channels', { body: aWhatsappChannel() });
    await broken.call('GET /v1/directory/merchants/+34600111222');
    await broken.close();
    expect([answer.status, answer.at('code')]).toEqual([500, 'internal_error']);
    expect(answer.text).not.toContain('34600111222');
    const text = lines.join('');
    expect(text).toContain('/v1/directory/merchants/:merchantId');
    expect(text).toContain('http-errors.test.ts');
    expect(text).not.toMatch(/34600111222|which-nobody-may-see|wp_/);
  });

  it('is logged at warn with its code, so that an operator sees what is refused', async () => {
    // Refusals stood at `info` without a code, so LOG_LEVEL=warn hid them all.
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const watched = await startTestApp({ log });
    await watched.call('GET /v1/channels');
    await watched.call('GET /v1/channels?limit=999');
    await watched.call('GET /v1/channels', { key: null });
    await watched.call('GET /v1/nowhere');
    const missing = watched.dependencies.createId('message');
    await watched.call(`POST /v1/jobs/${missing}/cancel`);
    await watched.close();
    const refused = lines.map((line) => JSON.parse(line) as Record<string, unknown>); // cast: pino writes objects
    expect(refused.map(({ level, msg, status, code }) => [level, msg, status, code])).toEqual([
      [40, 'refused', 422, 'invalid_request'],
      [40, 'refused', 401, 'unauthorized'],
      [40, 'refused', 404, 'route_not_found'],
      [40, 'refused', 404, 'not_found'],
    ]);
    // Of which job it was about no line said anything.
    expect(refused.map(({ jobId }) => jobId ?? null)).toEqual([null, null, null, missing]);
  });

  it('asks to come back when the database is away, and readiness says which part is', async () => {
    const away = await startTestApp();
    await away.database.pool.end();
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const transactions = away.dependencies.transactions;
    transactions.acrossTenants = () => Promise.reject(refused);
    const answer = await away.call('GET /v1/channels');
    expect([answer.status, answer.at('code')]).toEqual([503, 'service_unavailable']);
    expect(answer.headers['retry-after']).toBe('5');
    const ready = await away.call('GET /readyz', { key: null });
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ down: ['postgres', 'schema'], checks: { temporal: 'ok', clock: 'unknown' } });
    expect((await away.call('GET /livez', { key: null })).status).toBe(200);
    expect((await away.call('GET /metrics', { key: null })).text).toContain('waypost_http_request_duration_seconds');
  });
});

describe('probes', () => {
  it('count answers by the template of their route', async () => {
    await test.call('GET /v1/tenants/ten_of_a_secret_name', { key: adminKey });
    const { text } = await test.call('GET /metrics', { key: null });
    expect(text).toContain('route="/v1/tenants/:id",status="404"');
    expect(text).not.toContain('ten_of_a_secret_name');
    expect(text).toContain('waypost_postgres_connections{state="idle"}');
  });
});
