import { afterEach, expect, it } from 'vitest';
import { ConnectionError, createClient, ProblemError, type ClientOptions } from '../../../src/client/index.ts';
import { answer, aProblem, hangUp, type ScriptedAnswer, startScriptedServer } from '../../support/scripted-server.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function open(script: readonly ScriptedAnswer[], options: Partial<ClientOptions> = {}) {
  const server = await startScriptedServer(...script);
  closers.push(server.close);
  return { ...server, client: createClient({ url: `${server.url}/`, apiKey: 'wp_secret', ...options }) };
}

const now = { 'retry-after': '0' };
const message = { body: { to: '+34600111222', activity: { type: 'message', text: 'Hola' } } } as const;
const accepted = answer(202, { id: 'msg_1', state: 'queued' });
const keyOf = ({ headers }: { readonly headers: Record<string, unknown> }) => headers['idempotency-key'];

it('sends the key, the tenant, the path and the query, and gives back the body', async () => {
  const { client, calls } = await open([answer(200, { id: 'msg_1' })], { tenantId: 'ten_1' });
  const job = await client.get('/v1/jobs/{id}', { params: { path: { id: 'msg_1' } } });
  expect([job.id, calls[0]?.line]).toEqual(['msg_1', 'GET /v1/jobs/msg_1']);
  expect(calls[0]?.headers).toMatchObject({ authorization: 'Bearer wp_secret', 'x-waypost-tenant': 'ten_1' });
});

it.each([
  ['429', answer(429, aProblem(429, 'too_many_requests'), now)],
  ['503', answer(503, aProblem(503, 'overloaded'), now)],
  ['a key whose first call still runs', answer(409, aProblem(409, 'idempotency_in_progress'), now)],
  ['a lost connection', hangUp],
])('tries again after %s, with the same idempotency key and body', async (_what, refusal) => {
  const { client, calls } = await open([refusal, refusal, accepted]);
  expect((await client.post('/v1/messages', message)).id).toBe('msg_1');
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map(keyOf)).size).toBe(1);
  expect(keyOf(calls[0] ?? { headers: {} })).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(calls.map(({ body }) => body))).toEqual(new Set([JSON.stringify(message.body)]));
});

it('makes another key for each call, keeps the one that is given, and sends none where the call takes none', async () => {
  const { client, calls } = await open([accepted]);
  await client.post('/v1/messages', message);
  await client.post('/v1/messages', message);
  await client.post('/v1/messages', { ...message, params: { header: { 'Idempotency-Key': 'order-9' } } });
  await client.post('/v1/jobs/{id}/cancel', { params: { path: { id: 'msg_1' } } });
  const keys = calls.map(keyOf);
  expect([new Set(keys).size, keys[2], keys[3]]).toEqual([4, 'order-9', undefined]);
});

it('does not repeat what may have been done and has no key', async () => {
  const { client, calls } = await open([hangUp]);
  const cancel = client.post('/v1/jobs/{id}/cancel', { params: { path: { id: 'msg_1' } } });
  await expect(cancel).rejects.toThrow(ConnectionError);
  await expect(cancel).rejects.toThrow(
    /^POST \/v1\/jobs\/msg_1\/cancel got no answer from 127\.0\.0\.1:\d+ in one try/,
  );
  expect(calls).toHaveLength(1);
});

it('gives up after so many tries, and at once where it would wait too long', async () => {
  const busy = await open([answer(503, aProblem(503, 'overloaded'), now)], { retries: { maxRetries: 2 } });
  await expect(busy.client.get('/v1/me')).rejects.toMatchObject({ status: 503, code: 'overloaded', retryAfterMs: 0 });
  expect(busy.calls).toHaveLength(3);
  const slow = await open([answer(429, aProblem(429, 'too_many_requests'), { 'retry-after': '3600' })]);
  await expect(slow.client.get('/v1/me')).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
  expect(slow.calls).toHaveLength(1);
});

it('waits as long as Retry-After says, and stops waiting when the caller aborts', async () => {
  const { client, calls } = await open([
    answer(429, aProblem(429, 'too_many_requests'), { 'retry-after': '1' }),
    answer(200, { scopes: [] }),
  ]);
  const startedAt = performance.now();
  await client.get('/v1/me');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
  expect(calls).toHaveLength(2);
  const other = await open([answer(429, aProblem(429, 'too_many_requests'), { 'retry-after': '30' })]);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await expect(other.client.get('/v1/me', { signal: abort.signal })).rejects.toThrow('enough');
});

it('bounds how long a try may take', async () => {
  const { client, calls } = await open([() => undefined], { timeoutMs: 50, retries: { maxRetries: 1 } });
  await expect(client.get('/v1/me')).rejects.toThrow(/got no answer .* in 2 tries/);
  expect(calls).toHaveLength(2);
});

it('throws a problem document as an error with its members', async () => {
  const problem = { ...aProblem(422, 'validation_failed'), errors: [{ detail: 'is required', pointer: '/to' }] };
  const { client } = await open([answer(422, problem)]);
  const refusal = await client.post('/v1/messages', message).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ProblemError);
  expect(refusal).toMatchObject({ status: 422, code: 'validation_failed', problem });
  expect(String(refusal)).not.toContain('wp_secret');
});

it.each([502, 302])('says of an answer %i that is no problem document that it comes from elsewhere', async (status) => {
  const page: ScriptedAnswer = (_call, response) => {
    response.writeHead(status, { location: 'https://elsewhere.example/' });
    response.end('<html>');
  };
  const { client } = await open([page], { retries: { maxRetries: 0 } });
  await expect(client.get('/v1/me')).rejects.toMatchObject({ status, code: 'http_error' });
});

it('iterates over all items of a list, page by page as they are asked for, with the query kept', async () => {
  const { client, calls } = await open([
    answer(200, { data: [{ id: 'msg_1' }, { id: 'msg_2' }], nextCursor: 'c1' }),
    answer(200, { data: [{ id: 'msg_3' }], nextCursor: null }),
  ]);
  const jobs = client.list('/v1/jobs', { params: { query: { state: 'failed', limit: 2 } } });
  const ids = [(await jobs.next()).value?.id];
  expect(calls).toHaveLength(1);
  for await (const { id } of jobs) ids.push(id);
  expect(ids).toEqual(['msg_1', 'msg_2', 'msg_3']);
  expect(calls.map(({ line }) => line)).toEqual([
    'GET /v1/jobs?state=failed&limit=2',
    'GET /v1/jobs?state=failed&limit=2&cursor=c1',
  ]);
});

it('does not follow a list for ever whose cursor stands still', async () => {
  const { client } = await open([answer(200, { data: [], nextCursor: 'c1' })]);
  await expect(client.list('/v1/jobs').next()).rejects.toThrow('one cursor for ever');
});
