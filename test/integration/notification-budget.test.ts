// A notification for three users took 17 transactions: each step read the batch anew, and each page its content.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
beforeAll(async () => {
  bench = await openPushFixture();
  for (const user of ['ana', 'ben', 'cleo']) await bench.device(user, [`${user}-phone`]);
});
beforeEach(() => {
  bench.push.clear();
  bench.integrator.received.length = 0;
});
afterAll(() => bench.close());

/** From the request to the end. */
async function countTransactions(userIds: readonly string[], type: 'USER_CENTER_NOTIFICATION' | 'PUSH_NOTIFICATION') {
  const before = bench.transactionCount();
  const job = await bench.accept([{ merchantId: 'm1', userIds }], { type });
  const { state, delivered, failed } = await bench.run(job);
  return { transactions: bench.transactionCount() - before, outcome: [state, delivered, failed] };
}

describe('a notification for three users', () => {
  it.each([
    [['ana', 'ben', 'cleo'], ['completed', 3, 0], 4],
    [['ana', 'ben', 'stranger'], ['completed_with_errors', 2, 1], 7],
    [['stranger', 'stroller', 'nobody'], ['completed_with_errors', 0, 3], 8],
  ] as const)('that is saved takes few transactions: %j', async (users, outcome, most) => {
    const counted = await countTransactions(users, 'USER_CENTER_NOTIFICATION');
    expect(counted.outcome).toEqual(outcome);
    expect(bench.integrator.received).toHaveLength(outcome[2]);
    expect(counted.transactions).toBeLessThanOrEqual(most);
  });

  it('that is pushed takes few transactions', async () => {
    const counted = await countTransactions(['ana', 'ben', 'cleo'], 'PUSH_NOTIFICATION');
    expect(counted.outcome).toEqual(['completed', 3, 0]);
    expect(counted.transactions).toBeLessThanOrEqual(8);
  });
});

describe('what a small batch has looked up with its opening', () => {
  const reference = async (userIds: readonly string[]) => {
    const job = await bench.accept([{ merchantId: 'm1', userIds }]);
    return { job, tenantId: bench.tenantId, jobId: job.id };
  };

  it('serves its page once; a page in another process looks for itself', async () => {
    const { job, ...batch } = await reference(['ana', 'stranger']);
    const opened = await bench.activities.resolveUsers({ ...batch, isFastPath: true });
    expect(opened).toMatchObject({ next: 'pages', recipients: 2, isShort: true, isPush: false, hasErrors: false });
    const page = { ...batch, fromOrdinal: 0, size: 1_000 };
    expect(await bench.activities.saveNotifications(page)).toEqual({ done: 2, isCancelled: false, hasErrors: true });
    expect(await bench.activities.saveNotifications(page)).toEqual({ done: 0, isCancelled: false, hasErrors: true });
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual(['delivered', 'failed']);
  });

  it('is nothing where the directory cannot be read: the page tells whose error it is', async () => {
    await bench.asOwner('alter table directory_user rename to directory_user_away');
    const { job, ...batch } = await reference(['ana']);
    try {
      expect(await bench.activities.resolveUsers({ ...batch, isFastPath: true })).toMatchObject({
        next: 'pages',
        isShort: false,
      });
      await bench.activities.saveNotifications({ ...batch, fromOrdinal: 0, size: 1_000 });
    } finally {
      await bench.asOwner('alter table directory_user_away rename to directory_user');
    }
    expect((await bench.errors(job)).map(({ code }) => code)).toEqual(['error_retrieving_active_users_for_merchant']);
  });

  it('is nothing for a batch of more than a page, which its fast path does not open', async () => {
    const users = Array.from({ length: 1_001 }, (_user, index) => `user-${index}`);
    const { job, ...batch } = await reference(users);
    expect(await bench.activities.resolveUsers({ ...batch, isFastPath: true })).toEqual({ next: 'escalate' });
    expect((await bench.look(job)).state).toBe('queued');
    expect(await bench.activities.resolveUsers({ ...batch, isFastPath: false })).toMatchObject({
      next: 'pages',
      recipients: 1_001,
      isShort: false,
    });
  });
});
