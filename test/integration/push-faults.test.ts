import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { cancelBatch } from '../../src/domain/notification/control.ts';
import { lockBatch } from '../../src/store/batch-jobs.ts';
import { accessToken, openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
beforeAll(async () => {
  bench = await openPushFixture();
});
beforeEach(() => bench.push.clear());
afterEach(async () => {
  bench.afterPush = () => undefined;
  // Whatever a test was told to wait for is over: two hours are the longest, of which a batch's own hour may be left.
  bench.pass(3 * 3_600_000);
  await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
});
afterAll(() => bench.close());

const page = (job: Job) =>
  bench.activities.processPage({ tenantId: bench.tenantId, jobId: job.id, fromOrdinal: 0, size: 1_000 });
const open = (job: Job) => bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
const states = async (job: Job) =>
  (await bench.recipients(job)).map(({ state, possibleDuplicate }) => [state, possibleDuplicate]);
const outcomes = async (job: Job) =>
  (await bench.attempts(job)).map(({ outcome, problem }) => [outcome, problem?.code]);

async function notifyAndOpen(userIds: readonly string[]): Promise<Job> {
  const job = await bench.notify(userIds);
  await open(job);
  return job;
}

describe('a push service that is in trouble', () => {
  it.each([
    [{ 'retry-after': '120' }, 120_000, 120_000],
    [{}, 60_000, 90_000],
  ])(
    'with two 429 (headers %o) holds the whole channel for as long as they ask for',
    async (headers, leastMs, mostMs) => {
      await bench.device('ana', ['ana-1']);
      await bench.device('eva', ['eva-1']);
      for (const token of ['ana-1', 'eva-1'])
        bench.push.script(token, [{ ...pushError(429, 'QUOTA_EXCEEDED'), headers }]);
      const job = await notifyAndOpen(['ana', 'eva']);
      const { waitMs = 0 } = await page(job);
      expect(waitMs).toBeGreaterThan(leastMs - 1_000);
      expect(waitMs).toBeLessThanOrEqual(mostMs);
      expect((await bench.look(job)).waitingFor?.reason).toBe('rate_limit');
      // Another batch through the same channel waits with it.
      const other = await notifyAndOpen(['ana']);
      expect((await page(other)).waitMs).toBeGreaterThan(leastMs - 2_000);
      expect(bench.sendsTo('ana-1')).toBe(1);
      bench.pass(waitMs);
      expect(await page(job)).toEqual({ done: 2, isCancelled: false });
      expect(await outcomes(job)).toEqual([
        ...Array(2).fill(['retry', 'fcm_QUOTA_EXCEEDED']),
        ...Array(2).fill(['accepted', undefined]),
      ]);
      expect(await states(job)).toEqual(Array(2).fill(['delivered', false]));
      expect((await bench.look(job)).waitingFor).toBeNull();
    },
  );

  it('with a 503 gets the push again after ten seconds or more, unmarked', async () => {
    await bench.device('ana', ['ana-1']);
    bench.push.script('ana-1', [pushError(503, 'UNAVAILABLE')]);
    const job = await notifyAndOpen(['ana']);
    const { waitMs = 0 } = await page(job);
    expect(waitMs).toBeGreaterThan(9_000);
    expect((await bench.look(job)).waitingFor?.reason).toBe('retry');
    bench.pass(waitMs);
    await page(job);
    expect(await states(job)).toEqual([['delivered', false]]);
  });

  it.each([
    ['an internal error', pushError(500, 'INTERNAL'), 'fcm_INTERNAL'],
    ['a broken connection', { fault: 'reset_after_body' as const }, 'push_unreachable'],
    ['no answer', { fault: 'hang' as const }, 'push_timeout'],
  ])('that may have taken it (%s) gets it again, and its recipient is marked', async (_case, answer, code) => {
    await bench.device('ana', ['ana-1']);
    bench.push.script('ana-1', [answer]);
    const job = await bench.notify(['ana']);
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 1 });
    expect(await states(job)).toEqual([['delivered', true]]);
    expect(await outcomes(job)).toEqual([
      ['ambiguous', code],
      ['accepted', undefined],
    ]);
  });

  it('that never recovers is tried five times, and then the user has failed', async () => {
    await bench.device('ana', ['ana-1']);
    bench.push.script('ana-1', [{ ...pushError(503, 'UNAVAILABLE'), times: 100 }]);
    const job = await bench.notify(['ana']);
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', failed: 1 });
    expect(bench.sendsTo('ana-1')).toBe(5);
    const [error] = await bench.errors(job);
    expect(error).toMatchObject({ code: 'custom_notification_not_delivered', userId: 'ana' });
    expect(error?.problem?.provider).toMatchObject({ name: 'fcm', code: 'UNAVAILABLE', httpStatus: 503 });
  });

  it('holds everybody until it can be reached, or the batch expires', async () => {
    await bench.device('ana', ['ana-1']);
    bench.push.answerAlways({ ...pushError(429, 'QUOTA_EXCEEDED'), headers: { 'retry-after': '7200' } });
    const job = await bench.notify(['ana'], { expiresAt: new Date(bench.now().getTime() + 3_600_000) });
    expect(await bench.run(job)).toMatchObject({ state: 'expired', errorCode: 'expired' });
    expect(await states(job)).toEqual([['cancelled', false]]);
  });
});

describe('credentials that the push service refuses', () => {
  it('pause the channel and hold the recipients until it is resumed; nothing is lost', async () => {
    await bench.device('ana', ['ana-1']);
    bench.push.script('ana-1', [pushError(401, 'UNAUTHENTICATED')]);
    const job = await notifyAndOpen(['ana']);
    expect((await page(job)).waitMs).toBeGreaterThan(0);
    const channel = await bench.tx((tx) => bench.stores.channels.find(tx, bench.channelId));
    expect(channel).toMatchObject({ state: 'paused', pausedReason: { code: 'fcm_UNAUTHENTICATED' } });
    expect((await bench.look(job)).waitingFor?.reason).toBe('channel_paused');
    expect((await page(job)).done).toBe(0);
    expect(bench.sendsTo('ana-1')).toBe(1);
    await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
    await page(job);
    expect(await states(job)).toEqual([['delivered', false]]);
  });
});

describe('a page that is interrupted', () => {
  it('between an answer and its record sends again, marked, and ends everybody once', async () => {
    const users = Array.from({ length: 60 }, (_user, index) => `crash-${index}`);
    for (const user of users) await bench.device(user, [`${user}-token`]);
    const job = await notifyAndOpen(users);
    let pushes = 0;
    bench.afterPush = () => {
      pushes += 1;
      if (pushes > 30) throw new Error('the worker dies here');
    };
    await expect(page(job)).rejects.toThrow('the worker dies here');
    bench.afterPush = () => undefined;
    const before = await bench.recipients(job);
    const { waitMs = 0 } = await page(job);
    // What was begun a moment ago may still be on its way in another worker.
    expect(waitMs).toBeGreaterThan(0);
    bench.pass(waitMs + 60_000);
    await page(job);
    expect((await bench.look(job)).counts).toMatchObject({ delivered: 60, failed: 0, pending: 0 });
    const after = await bench.recipients(job);
    for (const { userId, state, possibleDuplicate } of after) {
      const sends = bench.sendsTo(`${userId}-token`);
      expect([userId, state, possibleDuplicate]).toEqual([userId, 'delivered', sends > 1]);
    }
    const deliveredBefore = before.filter(({ state }) => state === 'delivered');
    expect(deliveredBefore.filter(({ userId }) => bench.sendsTo(`${userId}-token`) !== 1)).toEqual([]);
    expect(after.some(({ possibleDuplicate }) => possibleDuplicate)).toBe(true);
  });

  it('that runs twice at once pushes to everybody once', async () => {
    const users = Array.from({ length: 80 }, (_user, index) => `twice-${index}`);
    for (const user of users) await bench.device(user, [`${user}-token`]);
    const job = await notifyAndOpen(users);
    await Promise.all([page(job), page(job)]);
    expect(users.filter((user) => bench.sendsTo(`${user}-token`) !== 1)).toEqual([]);
  });
});

describe('a batch that is cancelled in the middle of a page', () => {
  it('starts no push after the cancel, and keeps what was on the wire', async () => {
    const users = Array.from({ length: 120 }, (_user, index) => `cancel-${index}`);
    for (const user of users) await bench.device(user, [`${user}-token`]);
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, delayMs: 100 });
    const job = await notifyAndOpen(users);
    const running = page(job);
    await expect.poll(() => bench.push.requests.total).toBeGreaterThan(0);
    const cancelled = await bench.tx(async (tx) => {
      const locked = await lockBatch(tx, job.id);
      const change = locked === null ? null : cancelBatch(locked, bench.now());
      if (locked === null || change === null) throw new Error('it should still run');
      return bench.stores.writeJobChange(tx, { job: locked, change, now: bench.now() });
    });
    expect(cancelled.state).toBe('cancelled');
    expect((await running).isCancelled).toBe(true);
    await bench.activities.closeBatch({ tenantId: bench.tenantId, jobId: job.id });
    const recipients = await bench.recipients(job);
    const reached = recipients.filter(({ userId }) => bench.sendsTo(`${userId}-token`) > 0);
    expect(reached.length).toBeLessThan(users.length);
    expect(reached.every(({ state }) => state === 'delivered')).toBe(true);
    expect(recipients.filter((each) => !reached.includes(each)).every(({ state }) => state === 'cancelled')).toBe(true);
    const attempts = await bench.attempts(job);
    expect([attempts.length, attempts.filter(({ outcome }) => outcome !== 'accepted')]).toEqual([reached.length, []]);
    const { state, counts } = await bench.look(job);
    expect([state, counts?.delivered, counts?.pending]).toEqual(['cancelled', reached.length, 0]);
  });
});

describe('the log', () => {
  it('has a line for each push, with every id and neither a token nor a user', async () => {
    await bench.device('somebody', ['first-device', 'other-device']);
    bench.push.script('first-device', [pushError(503, 'UNAVAILABLE')]);
    const job = await notifyAndOpen(['nobody', 'somebody']);
    bench.logged.length = 0;
    await page(job);
    const attempts = await bench.attempts(job);
    const lines = bench.logged.filter(({ message }) => message === 'push').map(({ fields }) => fields);
    const ids = { tenantId: bench.tenantId, jobId: job.id, channelId: bench.channelId, recipient: 1 };
    const tried = { ...ids, tries: 1, maxTries: 5, mayRepeat: false, durationMs: expect.any(Number) };
    const of = (outcome: string) => attempts.find((attempt) => attempt.outcome === outcome);
    const taken = { outcome: 'accepted', httpStatus: 200, code: null, nextAttemptAt: null };
    const refused = { outcome: 'retry', httpStatus: 503, code: 'fcm_UNAVAILABLE', nextAttemptAt: expect.any(String) };
    expect(lines).toHaveLength(2);
    expect(lines).toEqual(
      expect.arrayContaining([
        { ...tried, ...taken, attempt: of('accepted')?.number, attemptId: of('accepted')?.id },
        { ...tried, ...refused, attempt: of('retry')?.number, attemptId: of('retry')?.id },
      ]),
    );
    // Our ids are random: any two letters may stand in one.
    const words = JSON.stringify(lines).replaceAll(/"[a-z]{3}_[0-9a-z]{26}"/g, '');
    expect(words).not.toMatch(/device|somebody|m1/);
  });

  it('tells a push once, also where its page runs twice', async () => {
    await bench.device('ana', ['ana-1']);
    const job = await notifyAndOpen(['ana']);
    bench.logged.length = 0;
    await Promise.all([page(job), page(job)]);
    await page(job);
    expect(bench.logged.filter(({ message }) => message === 'push')).toHaveLength(1);
  });
});

describe('secrets of push', () => {
  it('stand in no record', async () => {
    await bench.device('ana', ['secret-device-token']);
    const leak = { error: { status: 'INTERNAL', message: `Bearer ${accessToken} for secret-device-token` } };
    bench.push.script('secret-device-token', [{ status: 500, body: leak }]);
    const job = await bench.notify(['ana']);
    await bench.run(job);
    const records = JSON.stringify([await bench.attempts(job), await bench.look(job)]);
    expect(records).toContain('fcm_INTERNAL');
    expect(records).not.toMatch(/secret-device-token|a-push-access-token/);
  });
});
