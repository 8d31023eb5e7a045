import {
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { NotificationActivities, PageResult } from '../contracts/activities.ts';
import { type BatchResult, type JobReference, wakeSignal } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';
import { createShowWait, showState } from './show-state.ts';

/** Recipients handled by one activity, unless the batch says another number. */
const usualPageSize = 1_000;

const batch = proxyActivities<NotificationActivities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: retryPolicies.outage,
});

/** Where a run goes on after continue-as-new; absent at the start. */
export interface BatchPosition {
  readonly recipients: number;
  readonly nextOrdinal: number;
  readonly pageSize?: number;
  /** Some of the pages before are not done: their recipients wait, to be looked at again after so long. */
  readonly waitMs?: number;
}

/**
 * The story of one notification: its receivers become recipients, page by page each is resolved and saved or pushed, then the
 * integrator hears of every failure, then the batch closes. Nobody's failure stops the others; what is wrong with the
 * notification itself is reported for all and fails this workflow at its end.
 */
export async function notifyBatch(job: JobReference, position?: BatchPosition): Promise<BatchResult> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });

  const showWait = createShowWait();
  const opened = position ?? (await openBatch(job));
  if (opened !== null) {
    const { pageSize = usualPageSize } = opened;
    let waitMs = opened.waitMs;
    for (let ordinal = opened.nextOrdinal; ordinal < opened.recipients; ordinal += pageSize) {
      const page = await batch.processPage({ ...job, fromOrdinal: ordinal, size: pageSize });
      if (page.isCancelled) break;
      waitMs = soonest(waitMs, page.waitMs);
      await leaveFullHistory({ ...opened, nextOrdinal: ordinal + pageSize }, waitMs);
    }
    if (waitMs !== undefined) await waitForRest(opened.recipients, waitMs);
    await tellIntegrator(opened.recipients);
  }
  return close(job);

  /** Nobody who waits holds up the pages: whoever is left after the last one is looked at again, when the first is due. */
  async function waitForRest(recipients: number, firstWaitMs: number): Promise<void> {
    for (let waitMs: number | undefined = firstWaitMs; waitMs !== undefined;) {
      const summary = 'recipients wait for another try';
      setCurrentDetails(summary);
      if (waitMs > 0) showWait('running');
      if (waitMs > 0) await condition(() => isWoken, waitMs, { summary });
      isWoken = false;
      const page: PageResult = await batch.processPage({ ...job, fromOrdinal: 0, size: recipients });
      if (page.isCancelled) return;
      waitMs = page.waitMs;
      await leaveFullHistory({ recipients, nextOrdinal: recipients }, waitMs);
    }
  }

  async function leaveFullHistory(position: BatchPosition, waitMs: number | undefined): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await continueAsNew<typeof notifyBatch>(job, waitMs === undefined ? position : { ...position, waitMs });
  }

  async function tellIntegrator(recipients: number): Promise<void> {
    const { callbacks } = await batch.prepareErrorCallbacks(job);
    if (callbacks === 0) return;
    for (;;) {
      isWoken = false;
      const sent = await batch.sendErrorCallbacks(job);
      if (sent.nextDueMs === null) return;
      showWait('running');
      setCurrentDetails(`${sent.pending} error callbacks wait for the integrator`);
      await condition(() => isWoken, Math.max(1, sent.nextDueMs), { summary: `${sent.pending} error callbacks wait` });
      // An integrator that is away for long must not fill the history: the callbacks and their times are rows.
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof notifyBatch>(job, { recipients, nextOrdinal: recipients });
      }
    }
  }
}

function soonest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/** Null = there is nothing to go through: the batch had ended before it began. */
async function openBatch(job: JobReference): Promise<BatchPosition | null> {
  const opened = await batch.openBatch(job);
  const { next, ...size } = opened;
  return next === 'ended' ? null : { ...size, nextOrdinal: 0 };
}

async function close(job: JobReference): Promise<BatchResult> {
  const closed = await batch.closeBatch(job);
  showState(closed.state, closed.errorCode);
  if (closed.failure !== null) {
    throw ApplicationFailure.create({
      type: closed.failure.code,
      message: closed.failure.title,
      nonRetryable: true,
      details: [closed.failure.problem],
    });
  }
  return { state: closed.state, delivered: closed.delivered, failed: closed.failed };
}
