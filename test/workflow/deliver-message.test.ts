import { ActivityFailure, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageStep } from '../../src/contracts/activities.ts';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import { aProblem } from '../support/a-job.ts';
import { ends, escalates, fails, followed, job, refuses, waits } from '../support/fake-activities.ts';
import { poll } from '../support/poll.ts';
import { countKind, durationMs, eventKinds, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const hourMs = 3_600_000;
/** As often as the fast path tries. */
const away = Array.from({ length: 3 }, () => new Error('the database is away'));

describe('deliverMessage', () => {
  it('tells a healthy message in one workflow task and seven events', async () => {
    await place.withWorker({ sendToKernel: [ends('accepted')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: 1 });
      expect(calls.map(({ input }) => input)).toEqual([{ ...job, isFastPath: true }]);
      expect(eventKinds(await handle.fetchHistory())).toEqual([
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

  // Each refusal was an activity that succeeded, and a timer: 11 events a resend, and nothing to be seen of a retry.
  it.each([1, 4])('waits as one pending activity, whatever the number of refusals: %i', async (resends) => {
    const refusals = Array.from({ length: resends }, () => refuses(4 * hourMs));
    const script = { sendToKernel: [waits(4 * hourMs), ...refusals, ends('accepted', null, resends)] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: resends });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, ...refusals.map(() => false), false]);
      const history = await handle.fetchHistory();
      expect(Math.round(durationMs(history) / hourMs)).toBe(4 * resends);
      expect(history.events).toHaveLength(14);
      expect(countKind(history, 'timerStarted')).toBe(0);
      // A worker that was killed once kept what it had taken for a minute, whatever the refusal asked for.
      const [scheduled] = history.events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
      expect(Number(scheduled?.heartbeatTimeout?.seconds)).toBe(15);
    });
  });

  it('shows its state and its code while it waits, and no code once it is well', async () => {
    const script = { sendToKernel: [waits(hourMs), refuses(hourMs), ends('accepted')] };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('deliverMessage', followed);
      await handle.result();
      const upserts = (await handle.fetchHistory()).events?.flatMap((event) => {
        const fields = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
        const text = (name: string) => Buffer.from(fields?.[name]?.data ?? '').toString();
        return fields ? [[text('WaypostState'), text('WaypostErrorCode')]] : [];
      });
      expect(upserts?.at(0)).toEqual(['"held"', '"kernel_http_error"']);
      expect(upserts?.at(1)?.[0]).toBe('"accepted"');
      expect(upserts?.at(1)?.[1]).not.toContain('kernel');
    });
  });

  it('is woken from its wait by a signal, and attempts at once', async () => {
    const script = { sendToKernel: [waits(20 * hourMs), refuses(20 * hourMs), ends('delivered')] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      await poll({ what: 'the wait', look: () => calls.length, isDone: (count) => count === 2, timeoutMs: 20_000 });
      await handle.signal(wakeSignal);
      expect(await handle.result()).toMatchObject({ state: 'delivered' });
      expect(calls).toHaveLength(3);
      const history = await handle.fetchHistory();
      expect(countKind(history, 'activityTaskCanceled')).toBe(1);
      expect(durationMs(history)).toBeLessThan(hourMs);
    });
  });

  it('lets a call that a wake finds under way come to its end, and looks again then', async () => {
    let wake = (): Promise<void> => Promise.reject(new Error('nothing was started'));
    let callsAtOnce = 0;
    const atOnce: number[] = [];
    const wakeInTheMiddle = async () => {
      callsAtOnce += 1;
      atOnce.push(callsAtOnce);
      await wake();
      await new Promise((resolve) => setTimeout(resolve, 500));
      callsAtOnce -= 1;
      return ends('held');
    };
    const last = () => {
      atOnce.push(callsAtOnce + 1);
      return ends('accepted');
    };
    await place.withWorker({ sendToKernel: [escalates, wakeInTheMiddle, last] }, async ({ start, wakeNewest }) => {
      wake = wakeNewest;
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(atOnce).toEqual([1, 1]);
    });
  });

  it('does not look again for the signal that started it: its first attempt has seen what that tells', async () => {
    await place.withWorker({ sendToKernel: [ends('accepted')] }, async ({ calls, startBySignal }) => {
      await (await startBySignal(followed)).result();
      expect(calls).toHaveLength(1);
    });
  });

  it.each([
    ['on the fast path', [{ ...ends('failed', 'kernel_http_error', 6), problem: aProblem() }]],
    ['in an ordinary activity', [waits(1_000), refuses(1_000), fails(6)]],
  ])('fails with the problem of a job that fails %s', async (_, sendToKernel) => {
    await place.withWorker({ sendToKernel }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      const error = await handle.result().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      const { cause } = error as WorkflowFailedError; // as just seen
      expect(cause).toBeInstanceOf(ApplicationFailure);
      expect(cause).toMatchObject({ type: aProblem().class, details: [aProblem()], nonRetryable: true });
      expect(cause?.message).toBe(`${aProblem().code}: ${aProblem().title}`);
      expect(calls).toHaveLength(sendToKernel.length);
    });
  });

  it('goes on as an ordinary activity where the fast path has no room, or our own infrastructure fails it', async () => {
    await place.withWorker({ sendToKernel: [escalates, ends('accepted')] }, async ({ start, calls }) => {
      expect(await (await start('deliverMessage', followed)).result()).toMatchObject({ state: 'accepted' });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, false]);
    });
    await place.withWorker({ sendToKernel: [...away, ...away, ends('accepted')] }, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, true, true, false, false, false, false]);
      expect(countKind(await handle.fetchHistory(), 'activityTaskScheduled')).toBe(1);
    });
  });

  const rendered = { ...escalates, activity: 'renderMessage' } as const;
  const goOnWith = (activity: MessageStep) => ({ ...escalates, activity });

  // All of it was `sendToKernel`, whatever had failed.
  it('renders and uploads by steps of their own off the fast path', async () => {
    const script = {
      sendToKernel: [rendered, ends('accepted', null, 2)],
      renderMessage: [goOnWith('uploadMedia')],
      uploadMedia: [refuses(hourMs), goOnWith('sendToKernel')],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toEqual({ state: 'accepted', attempts: 2 });
      expect(calls.map(({ name, input }) => `${name} ${String(input['isFastPath'])}`)).toEqual([
        'sendToKernel true',
        'renderMessage true',
        'uploadMedia false',
        'uploadMedia false',
        'sendToKernel false',
      ]);
    });
  });

  it('fails by itself where it cannot be rendered, without an ordinary activity', async () => {
    const problem = aProblem({ code: 'rendering_failed' });
    const script = { sendToKernel: [rendered], renderMessage: [ends('failed', 'rendering_failed', 0, problem)] };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('deliverMessage', followed);
      const error = await handle.result().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ cause: { details: [problem] } });
      expect(countKind(await handle.fetchHistory(), 'activityTaskScheduled')).toBe(0);
    });
  });

  it('waits as an upload where an upload was refused, also after a wake', async () => {
    const script = {
      sendToKernel: [waits(20 * hourMs, { activity: 'uploadMedia' }), ends('accepted', null, 3)],
      uploadMedia: [refuses(20 * hourMs), goOnWith('sendToKernel')],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverMessage', followed);
      await poll({ what: 'the wait', look: () => calls.length, isDone: (count) => count === 2, timeoutMs: 20_000 });
      await handle.signal(wakeSignal);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(calls.map(({ name }) => name)).toEqual(['sendToKernel', 'uploadMedia', 'uploadMedia', 'sendToKernel']);
    });
  });

  it('waits for longer than an outage may take, as long as the message lives', async () => {
    const script = { sendToKernel: [escalates, refuses(20 * hourMs), refuses(20 * hourMs), ends('accepted')] };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('deliverMessage', followed);
      expect(await handle.result()).toMatchObject({ state: 'accepted' });
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(20);
    });
  });

  it('gives an outage an hour, and then fails by it: the sweep starts the job anew', async () => {
    await place.withWorker({ sendToKernel: [escalates, new Error('the database is away')] }, async ({ start }) => {
      const handle = await start('deliverMessage', followed);
      const error = await handle.result().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ cause: expect.any(ActivityFailure) });
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(1);
    });
  });

  it('ends at once where the job is not there', async () => {
    await place.withWorker({ sendToKernel: [ends('missing', null, 0)] }, async ({ start }) => {
      expect(await (await start('deliverMessage', followed)).result()).toEqual({ state: 'missing', attempts: 0 });
    });
  });
});
