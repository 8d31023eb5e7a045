import {
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { NotificationActivities } from '../contracts/activities.ts';
import { type BatchResult, type JobReference, wakeSignal } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';
import { showState } from './show-state.ts';

/** Recipients handled by one activity: large enough that 10,000 of them make a short history, small enough to lose little. */
const pageSize = 1_000;

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
}

/**
 * The story of one notification: its receivers become recipients, page by page each is resolved and saved, then the
 * integrator hears of every failure, then the batch closes. Nobody's failure stops the others; what is wrong with the
 * notification itself is reported for all and fails this workflow at its end.
 */
export async function notifyBatch(job: JobReference, position?: BatchPosition): Promise<BatchResult> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });

  const opened = position ?? (await openBatch(job));
  if (opened !== null) {
    for (let ordinal = opened.nextOrdinal; ordinal < opened.recipients; ordinal += pageSize) {
      const page = await batch.processPage({ ...job, fromOrdinal: ordinal, size: pageSize });
      if (page.isCancelled) break;
      if (workflowInfo().continueAsNewSuggested) {
        return continueAsNew<typeof notifyBatch>(job, {
          recipients: opened.recipients,
          nextOrdinal: ordinal + pageSize,
        });
      }
    }
    await tellIntegrator(opened.recipients);
  }
  return close(job);

  async function tellIntegrator(recipients: number): Promise<void> {
    const { callbacks } = await batch.prepareErrorCallbacks(job);
    if (callbacks === 0) return;
    for (;;) {
      isWoken = false;
      const sent = await batch.sendErrorCallbacks(job);
      if (sent.nextDueMs === null) return;
      setCurrentDetails(`${sent.pending} error callbacks wait for the integrator`);
      await condition(() => isWoken, Math.max(1, sent.nextDueMs), { summary: `${sent.pending} error callbacks wait` });
      // An integrator that is away for long must not fill the history: the callbacks and their times are rows.
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof notifyBatch>(job, { recipients, nextOrdinal: recipients });
      }
    }
  }
}

/** Null = there is nothing to go through: the batch had ended before it began. */
async function openBatch(job: JobReference): Promise<BatchPosition | null> {
  const opened = await batch.openBatch(job);
  return opened.next === 'ended' ? null : { recipients: opened.recipients, nextOrdinal: 0 };
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
