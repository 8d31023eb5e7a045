// A notification for three users cost 30 events: an activity and a workflow task for each of its four steps.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const job = { tenantId: 'ten_1', jobId: 'ntf_1' } as const;
const closed = { state: 'completed', errorCode: null, delivered: 3, failed: 0, failure: null };
const pages = { next: 'pages', pageSize: 1_000, isPush: false, isShort: false, hasErrors: false } as const;
const page = { done: 1_000, isCancelled: false, hasErrors: false };
const told = [{ pending: 0, nextDueMs: null }];

describe('notifyBatch', () => {
  it.each([
    ['saved', { isShort: true }, [], 13],
    ['saved, with errors to tell', { isShort: true }, told, 19],
    ['saved, by a directory over HTTP', {}, [], 18],
    ['pushed', { isPush: true }, [], 18],
    ['pushed, with errors to tell', { isPush: true }, told, 22],
  ] as const)('needs few events for a small batch: %s', async (_case, more, errors, mostEvents) => {
    const notified = [{ ...page, done: 3, hasErrors: errors.length > 0 }];
    const script = {
      resolveUsers: [{ ...pages, recipients: 3, ...more }],
      saveNotifications: notified,
      pushNotifications: notified,
      notifyIntegrator: errors,
      closeBatch: [closed],
    };
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      await handle.result();
      expect((await handle.fetchHistory()).events?.length).toBeLessThanOrEqual(mostEvents);
      const step = 'isPush' in more ? 'pushNotifications' : 'saveNotifications';
      const tells = errors.length > 0 ? ['notifyIntegrator'] : [];
      expect(namesOfCalls()).toEqual(['resolveUsers', step, ...tells, 'closeBatch']);
    });
  });

  it('opens a batch that is too large for its first step as an ordinary activity', async () => {
    const script = {
      resolveUsers: [{ next: 'escalate' } as const, { ...pages, recipients: 1_500 }],
      saveNotifications: [page],
      closeBatch: [closed],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      await (await start('notifyBatch', job)).result();
      expect(calls.filter(({ name }) => name === 'resolveUsers').map(({ input }) => input['isFastPath'])).toEqual([
        true,
        false,
      ]);
      expect(calls.filter(({ name }) => name === 'saveNotifications')).toHaveLength(2);
    });
  });

  it('pushes in pages as large as the batch says', async () => {
    const script = {
      resolveUsers: [{ ...pages, recipients: 12_000, pageSize: 5_000, isPush: true }],
      pushNotifications: [{ ...page, done: 5_000 }],
      closeBatch: [closed],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      await (await start('notifyBatch', job)).result();
      const ranges = calls.filter(({ name }) => name === 'pushNotifications').map(({ input }) => input['fromOrdinal']);
      expect(ranges).toEqual([0, 5_000, 10_000]);
    });
  });
});
