import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerPlace } from '../../src/store/idempotency-keys.ts';
import { createTransactions } from '../../src/store/transactions.ts';
import { answerOnce, keepAnswerMs } from '../../src/usecases/idempotency.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const route = 'POST /v1/integrations';
const integration = (name: string) => ({ name, url: 'https://erp.example.com/hooks' });
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

async function countNamed(prefix: string): Promise<number> {
  const list = await test.call('GET /v1/integrations?limit=200');
  return (list.body as { data: { name: string }[] }).data.filter(({ name }) => name.startsWith(prefix)).length;
}

describe('Idempotency-Key', () => {
  it('gives the first answer again, secret, status and Location included', async () => {
    const first = await test.call(route, { body: integration('replayed'), ...withKey('k-replay') });
    expect(first.status).toBe(201);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const body = '{ "url": "https://erp.example.com/hooks",\n "name": "replayed" }';
    const second = await test.call(route, { body, ...withKey('k-replay') });
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.headers['location']).toBe(first.headers['location']);
    expect(await countNamed('replayed')).toBe(1);
  });

  it('is refused with another body or on another route', async () => {
    await test.call(route, { body: integration('reused'), ...withKey('k-reuse') });
    const other = await test.call(route, { body: integration('reused-2'), ...withKey('k-reuse') });
    expect([other.status, other.at('code')]).toEqual([422, 'idempotency_key_reused']);
    const elsewhere = { body: { name: 'n', scopes: ['jobs:read'] }, ...withKey('k-reuse') };
    expect((await test.call('POST /v1/api-keys', elsewhere)).at('code')).toBe('idempotency_key_reused');
    expect(await countNamed('reused')).toBe(1);
  });

  it('belongs to one tenant', async () => {
    const other = await test.makeTenant();
    await test.call(route, { body: integration('of-one'), ...withKey('k-tenant') });
    const answer = await test.call(route, { body: integration('of-two'), key: other.key, ...withKey('k-tenant') });
    expect(answer.status).toBe(201);
  });

  it('keeps no refusal', async () => {
    await test.call(route, { body: { name: 'late' }, ...withKey('k-refused') });
    await test.call(route, { body: { name: 'late', url: 'http://10.0.0.1/' }, ...withKey('k-refused') });
    expect((await test.call(route, { body: integration('late'), ...withKey('k-refused') })).status).toBe(201);
  });

  it.each([
    ['is empty', ''],
    ['has 256 characters', 'x'.repeat(256)],
    ['is not ASCII', 'clé'],
  ])('is refused when it %s', async (_name, key) => {
    const answer = await test.call(route, { body: integration('never'), ...withKey(key) });
    expect([answer.status, answer.at('code')]).toEqual([400, 'invalid_idempotency_key']);
    expect(await countNamed('never')).toBe(0);
  });

  it('makes one thing of 20 requests at once', async () => {
    const body = { name: 'raced', scopes: ['jobs:read'] };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => test.call('POST /v1/api-keys', { body, ...withKey('k-race') })),
    );
    const made = answers.filter(({ status }) => status === 201);
    const busy = answers.filter(({ status }) => status === 409);
    expect(made.length + busy.length).toBe(20);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect(made.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    for (const answer of busy) {
      expect([answer.at('code'), answer.headers['retry-after']]).toEqual(['idempotency_in_progress', '1']);
    }
    const keys = await test.call('GET /v1/api-keys?limit=200');
    expect((keys.body as { data: { name: string }[] }).data.filter(({ name }) => name === 'raced')).toHaveLength(1);
  });

  it('seals the answer that it keeps', async () => {
    const made = await test.call(route, { body: integration('sealed'), ...withKey('k-sealed') });
    const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.query<{ body: string }>({ text: "select body from idempotency_key where key = 'k-sealed'" }),
    );
    expect(rows[0]?.body).not.toContain('sealed');
    const stands = answerPlace(test.tenantId, 'k-sealed');
    expect(test.dependencies.keyRing.openText(rows[0]?.body ?? '', stands)).toContain(String(made.at('secret')));
  });
});

describe('answerOnce', () => {
  const start = new Date('2026-01-01T00:00:00.000Z');
  const request = (key: string, now: Date, work: () => Promise<number>) => ({
    ...test.dependencies,
    tenantId: test.tenantId,
    key,
    method: 'POST',
    path: '/things',
    body: {},
    clock: () => now,
    work: async () => ({ status: 201, body: { number: await work() } }),
  });

  it('forgets after 24 h and answers anew', async () => {
    let made = 0;
    const work = async () => (made += 1);
    const later = (ms: number) => new Date(start.getTime() + keepAnswerMs + ms);
    expect((await answerOnce(request('k-old', start, work))).body).toEqual({ number: 1 });
    expect((await answerOnce(request('k-old', later(0), work))).body).toEqual({ number: 1 });
    expect((await answerOnce(request('k-old', later(1), work))).body).toEqual({ number: 2 });
    expect((await answerOnce(request('k-old', later(2), work))).isReplay).toBe(true);
  });

  it('hands over what the work made due once, after the commit, and nothing for a replay or a failure', async () => {
    const seen: string[] = [];
    const transactions = createTransactions({
      pool: test.database.pool,
      onStarts: (starts) => void seen.push(...starts.map(({ id }) => `start ${id}`)),
    });
    const start = { id: 'msg_1', tenantId: test.tenantId, kind: 'message' as const, channelId: null, isWake: false };
    const once = (key: string, isBroken = false) =>
      answerOnce({
        ...request(key, new Date(), async () => 1),
        transactions,
        async work(tx) {
          tx.startAfterCommit({ ...start, isUnlessPaused: false, isFirstAttempt: true, isAnswer: false });
          seen.push('work');
          if (isBroken) throw new Error('no luck');
          return { status: 201, body: { number: 1 } };
        },
      });
    await once('k-start');
    await once('k-start');
    expect(seen).toEqual(['work', 'start msg_1']);
    await expect(once('k-broken', true)).rejects.toThrow('no luck');
    expect(seen).toEqual(['work', 'start msg_1', 'work']);
  });

  it('refuses the second while the first runs, and leaves nothing of one that failed', async () => {
    let fail: (error: Error) => void = () => undefined;
    let first: Promise<unknown> = Promise.resolve();
    await new Promise<void>((hasBegun) => {
      const work = () =>
        new Promise<number>((_resolve, reject) => {
          fail = reject;
          hasBegun();
        });
      first = answerOnce(request('k-fail', start, work));
    });
    const failed = first.catch((error: Error) => error.message);
    await expect(answerOnce(request('k-fail', start, async () => 1))).rejects.toMatchObject({
      code: 'idempotency_in_progress',
    });
    fail(new Error('no luck'));
    expect(await failed).toBe('no luck');
    expect((await answerOnce(request('k-fail', start, async () => 7))).body).toEqual({ number: 7 });
  });
});
