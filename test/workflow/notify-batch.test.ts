import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import type { ActivityScript } from '../support/fake-activities.ts';
import { poll } from '../support/poll.ts';
import { countKind, durationMs, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const job = { tenantId: 'ten_1', jobId: 'ntf_1' } as const;
const hourMs = 3_600_000;
const closed = { state: 'completed', errorCode: null, delivered: 3, failed: 0, failure: null };

const pages = { next: 'pages', pageSize: 1_000, isPush: false, isShort: false, hasErrors: false } as const;
const page = { isCancelled: false, hasErrors: false };
const failed = [{ ...page, done: 10, hasErrors: true }];
const position = { recipients: 2_500, pageSize: 1_000, isPush: false, isShort: false } as const;
const told = [{ pending: 0, nextDueMs: null }];

/** A batch of so many recipients in which nothing goes wrong, but for what is given. */
function healthy(recipients: number, script: ActivityScript = {}): ActivityScript {
  return {
    resolveUsers: [{ ...pages, recipients }],
    saveNotifications: [{ ...page, done: 1_000 }],
    closeBatch: [closed],
    ...script,
  };
}

describe('notifyBatch', () => {
  it('goes through its recipients in pages of a thousand, in order', async () => {
    await place.withWorker(healthy(2_500), async ({ start, calls, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      expect(await handle.result()).toEqual({ state: 'completed', delivered: 3, failed: 0 });
      expect(namesOfCalls()).toEqual(['resolveUsers', ...Array(3).fill('saveNotifications'), 'closeBatch']);
      expect(calls.slice(1, 4).map(({ input }) => [input['fromOrdinal'], input['size']])).toEqual([
        [0, 1_000],
        [1_000, 1_000],
        [2_000, 1_000],
      ]);
    });
  });

  it('needs few events for ten thousand recipients', async () => {
    await place.withWorker(healthy(10_000), async ({ start }) => {
      const handle = await start('notifyBatch', job);
      await handle.result();
      expect((await handle.fetchHistory()).events?.length).toBeLessThanOrEqual(120);
    });
  });

  it('closes at once what has nobody to notify, and what had ended before it began', async () => {
    await place.withWorker(healthy(0), async ({ start, namesOfCalls }) => {
      await (await start('notifyBatch', job)).result();
      expect(namesOfCalls()).toEqual(['resolveUsers', 'closeBatch']);
    });
    const ended = healthy(0, { resolveUsers: [{ ...pages, recipients: 0, next: 'ended' }] });
    await place.withWorker(ended, async ({ start, namesOfCalls }) => {
      await (await start('notifyBatch', job)).result();
      expect(namesOfCalls()).toEqual(['resolveUsers', 'closeBatch']);
    });
  });

  it('stops at the page that finds the batch cancelled, and closes', async () => {
    const script = healthy(5_000, {
      saveNotifications: [
        { ...page, done: 1_000, hasErrors: true },
        { done: 0, isCancelled: true, hasErrors: false },
      ],
      closeBatch: [{ ...closed, state: 'cancelled' }],
    });
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      expect(await (await start('notifyBatch', job)).result()).toMatchObject({ state: 'cancelled' });
      expect(namesOfCalls()).toEqual(['resolveUsers', 'saveNotifications', 'saveNotifications', 'closeBatch']);
    });
  });

  it('waits as long as the integrator is to be tried again, and closes after the last callback', async () => {
    const script = healthy(10, {
      saveNotifications: failed,
      notifyIntegrator: [
        { pending: 2, nextDueMs: 0 },
        { pending: 2, nextDueMs: 5 * hourMs },
        { pending: 0, nextDueMs: null },
      ],
    });
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      await handle.result();
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(5);
      expect(namesOfCalls().slice(-4)).toEqual([...Array(3).fill('notifyIntegrator'), 'closeBatch']);
    });
  });

  it('tries the integrator again at once when it is woken', async () => {
    const script = healthy(10, {
      saveNotifications: failed,
      notifyIntegrator: [
        { pending: 1, nextDueMs: 20 * hourMs },
        { pending: 0, nextDueMs: null },
      ],
    });
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('notifyBatch', job);
      const look = async () => countKind(await handle.fetchHistory(), 'timerStarted');
      await poll({ what: 'the wait for the integrator', look, isDone: (timers) => timers > 0, timeoutMs: 20_000 });
      await handle.signal(wakeSignal);
      expect(await handle.result()).toMatchObject({ state: 'completed' });
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(0);
    });
  });

  it('leaves those who wait behind its pages, and looks at all of them when the first is due', async () => {
    const script = healthy(2_500, {
      saveNotifications: [
        { ...page, done: 900, waitMs: 9 * hourMs },
        { ...page, done: 1_000 },
        { ...page, done: 400, waitMs: 3 * hourMs },
        { ...page, done: 150, waitMs: 5 * hourMs },
        { ...page, done: 50 },
      ],
    });
    await place.withWorker(script, async ({ start, calls, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      await handle.result();
      // Three hours until the first is due, and five more for the last: nobody's nine hours are waited for twice.
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(8);
      expect(namesOfCalls()).toEqual(['resolveUsers', ...Array(5).fill('saveNotifications'), 'closeBatch']);
      const ranges = calls.slice(1, 6).map(({ input }) => [input['fromOrdinal'], input['size']]);
      const all = [0, 2_500];
      expect(ranges).toEqual([[0, 1_000], [1_000, 1_000], [2_000, 1_000], all, all]);
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(2);
    });
  });

  it('looks again without a timer where only the time of an activity was up', async () => {
    const script = healthy(10, {
      saveNotifications: [
        { ...page, done: 4, waitMs: 0 },
        { ...page, done: 4, waitMs: 0 },
        { ...page, done: 2 },
      ],
    });
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      await handle.result();
      expect(countKind(await handle.fetchHistory(), 'timerStarted')).toBe(0);
      expect(namesOfCalls().filter((name) => name === 'saveNotifications')).toHaveLength(3);
    });
  });

  it('looks at those who wait at once when it is woken, and waits for nobody in a batch that has ended', async () => {
    const script = healthy(10, {
      saveNotifications: [
        { ...page, done: 0, waitMs: 20 * hourMs },
        { done: 0, isCancelled: true, hasErrors: false },
      ],
      closeBatch: [{ ...closed, state: 'cancelled' }],
    });
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      const handle = await start('notifyBatch', job);
      const look = async () => countKind(await handle.fetchHistory(), 'timerStarted');
      await poll({ what: 'the wait for recipients', look, isDone: (timers) => timers > 0, timeoutMs: 20_000 });
      await handle.signal(wakeSignal);
      expect(await handle.result()).toMatchObject({ state: 'cancelled' });
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(0);
      expect(namesOfCalls()).toEqual(['resolveUsers', 'saveNotifications', 'saveNotifications', 'closeBatch']);
    });
  });

  it('takes its wait along where it goes on from a position', async () => {
    await place.withWorker(healthy(2_500), async ({ start, calls }) => {
      const handle = await start('notifyBatch', job, { ...position, nextOrdinal: 2_500, waitMs: 4 * hourMs });
      await handle.result();
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(4);
      expect(calls[0]).toMatchObject({ name: 'saveNotifications', input: { fromOrdinal: 0, size: 2_500 } });
    });
  });

  it('goes on from the position that it is given: nothing is opened or processed twice', async () => {
    await place.withWorker(healthy(2_500), async ({ start, calls, namesOfCalls }) => {
      const handle = await start('notifyBatch', job, { ...position, nextOrdinal: 2_000 });
      await handle.result();
      expect(namesOfCalls()).toEqual(['saveNotifications', 'closeBatch']);
      expect(calls[0]?.input).toEqual({ ...job, fromOrdinal: 2_000, size: 1_000 });
    });
  });

  it('fails with the problem of the batch, after everybody was told', async () => {
    const problem = { code: 'unable_to_map_custom_notification', title: 'It cannot be mapped', status: 500 };
    const failure = { code: problem.code, title: problem.title, problem };
    const script = healthy(10, { closeBatch: [{ ...closed, state: 'failed', errorCode: problem.code, failure }] });
    await place.withWorker(script, async ({ start, namesOfCalls }) => {
      const error = await (await start('notifyBatch', job)).result().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      const { cause } = error as WorkflowFailedError; // just shown
      expect(cause).toBeInstanceOf(ApplicationFailure);
      expect(cause).toMatchObject({
        type: problem.code,
        message: problem.title,
        nonRetryable: true,
        details: [problem],
      });
      expect(namesOfCalls()).toEqual(['resolveUsers', 'saveNotifications', 'closeBatch']);
    });
  });

  it('outlives an outage of our own infrastructure in each of its activities', async () => {
    const away = Array.from({ length: 4 }, () => new Error('away'));
    const script = healthy(10, {
      resolveUsers: [...away, { ...pages, recipients: 10, isShort: true }],
      saveNotifications: [...away, ...failed],
      notifyIntegrator: [...away, ...told],
      closeBatch: [...away, closed],
    });
    await place.withWorker(script, async ({ start, calls }) => {
      expect(await (await start('notifyBatch', job)).result()).toMatchObject({ state: 'completed' });
      expect(calls).toHaveLength(20);
    });
  });
});
