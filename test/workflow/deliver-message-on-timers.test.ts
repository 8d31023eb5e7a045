import { ActivityFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import { ends, escalates, job, waits } from '../support/fake-activities.ts';
import { poll } from '../support/poll.ts';
import { countKind, durationMs, eventKinds, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const hourMs = 3_600_000;

/** Started by a release whose workflows waited for retries themselves: such a run goes on as it began. */
describe('a deliverMessage of before', () => {
  it('tells a healthy message in one workflow task and seven events', async () => {
    await place.withWorker({ attemptDelivery: [ends('accepted')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: 1 });
      expect(calls.map(({ input }) => input)).toEqual([{ ...job, isFastPath: true }]);
      const history = await handle.fetchHistory();
      expect(eventKinds(history)).toEqual([
        'workflowExecutionStarted',
        'workflowTaskScheduled',
        'workflowTaskStarted',
        'workflowTaskCompleted',
        'markerRecorded',
        'upsertWorkflowSearchAttributes',
        'workflowExecutionCompleted',
      ]);
    });
  });

  it('goes on as an ordinary activity where the fast path has no room', async () => {
    await place.withWorker({ attemptDelivery: [escalates, ends('accepted')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: 1 });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, false]);
      const history = await handle.fetchHistory();
      expect(countKind(history, 'activityTaskScheduled')).toBe(1);
      expect(countKind(history, 'timerStarted')).toBe(0);
    });
  });

  it('waits for hours where the record says so, and then attempts again', async () => {
    const script = {
      attemptDelivery: [waits(20 * hourMs), waits(4 * hourMs, { attempts: 2 }), ends('accepted', null, 3)],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: 3 });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, false, false]);
      const history = await handle.fetchHistory();
      expect(countKind(history, 'timerFired')).toBe(2);
      expect(Math.round(durationMs(history) / hourMs)).toBe(24);
    });
  });

  // The list of workflows said `queued` from the start to the end: `WaypostState="held"` found nothing, for hours.
  it('shows in what state it waits, once for waits of the same state', async () => {
    const script = {
      attemptDelivery: [waits(hourMs), waits(hourMs, { attempts: 2 }), ends('failed', 'kernel_http_error', 3)],
    };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('deliverMessage', job);
      await handle.result();
      const upserts = (await handle.fetchHistory()).events?.flatMap((event) => {
        const fields = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
        const state = fields?.['WaypostState']?.data;
        return state === undefined || state === null ? [] : [Buffer.from(state).toString()];
      });
      expect(upserts).toEqual(['"held"', '"failed"']);
    });
  });

  it('is woken from its wait by a signal, and cancels the timer', async () => {
    await place.withWorker({ attemptDelivery: [waits(20 * hourMs), ends('delivered')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      await untilTimerStarted(handle);
      await handle.signal(wakeSignal);
      expect(await handle.result()).toMatchObject({ state: 'delivered' });
      expect(calls).toHaveLength(2);
      const history = await handle.fetchHistory();
      expect([countKind(history, 'timerCanceled'), countKind(history, 'timerFired')]).toEqual([1, 0]);
    });
  });

  it('does not wait after a signal that came while it attempted: the attempt may not have seen what it tells', async () => {
    let wake = (): Promise<void> => Promise.reject(new Error('nothing was started'));
    const wakeAndWait = async () => {
      await wake();
      return waits(hourMs);
    };
    const script = { attemptDelivery: [escalates, wakeAndWait, ends('accepted')] };
    await place.withWorker(script, async ({ start, calls, wakeNewest }) => {
      wake = wakeNewest;
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls).toHaveLength(3);
      expect(countKind(await handle.fetchHistory(), 'timerStarted')).toBe(0);
    });
  });

  it('waits after an attempt that was started by its signal: it has seen what the signal tells', async () => {
    await place.withWorker({ attemptDelivery: [waits(hourMs), ends('accepted')] }, async ({ calls, startBySignal }) => {
      const handle = await startBySignal(job);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls).toHaveLength(2);
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(1);
    });
  });

  it('ends with the state and the error that the record has', async () => {
    const failed = { attemptDelivery: [waits(1_000), ends('failed', 'kernel_http_error', 6)] };
    await place.withWorker(failed, async ({ start }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toEqual({ state: 'failed', attempts: 6 });
      const { events } = await handle.fetchHistory();
      const upsert = events?.findLast((event) => event.upsertWorkflowSearchAttributesEventAttributes);
      const fields = upsert?.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields ?? {};
      expect(Object.keys(fields).toSorted()).toEqual(['WaypostErrorCode', 'WaypostState']);
    });
  });

  it('goes on as an ordinary activity where our own infrastructure fails the fast path', async () => {
    const away = new Error('the database is away');
    const script = { attemptDelivery: [away, away, away, ends('accepted')] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, true, true, false]);
    });
  });

  it('outlives an outage of our own infrastructure in the ordinary activity', async () => {
    const away = Array.from({ length: 8 }, () => new Error('the database is away'));
    await place.withWorker({ attemptDelivery: [escalates, ...away, ends('accepted')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', job);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls).toHaveLength(10);
      expect(countKind(await handle.fetchHistory(), 'activityTaskScheduled')).toBe(1);
    });
  });

  it('gives an outage an hour, and then fails by it: the sweep starts the job anew', async () => {
    const script = { attemptDelivery: [escalates, new Error('the database is away')] };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('deliverMessage', job);
      const error = await handle.result().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect(error).toMatchObject({ cause: expect.any(ActivityFailure) });
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(1);
    });
  });

  it('ends at once where the job is not there', async () => {
    await place.withWorker({ attemptDelivery: [ends('missing', null, 0)] }, async ({ start }) => {
      expect(await (await start('deliverMessage', job)).result()).toEqual({ state: 'missing', attempts: 0 });
    });
  });
});

type Handle = { fetchHistory: () => Promise<Parameters<typeof countKind>[0]> };

async function untilTimerStarted(handle: Handle): Promise<void> {
  const look = async () => countKind(await handle.fetchHistory(), 'timerStarted');
  await poll({ what: 'the timer of the wait', look, isDone: (timers) => timers > 0, timeoutMs: 20_000 });
}
