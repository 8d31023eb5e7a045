import {
  ApplicationFailure,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { PageResult } from '../contracts/activities.ts';
import { type BatchResult, type JobReference, wakeSignal } from '../contracts/workflows.ts';
import { type BatchPosition, type BatchSteps, chooseBatchSteps, usualPageSize } from './batch-steps.ts';
import { createShowWait, showState } from './show-state.ts';

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

  const steps = chooseBatchSteps(job);
  const showWait = createShowWait();
  const opened = position ?? (await steps.open());
  if (opened !== null) {
    const { recipients, pageSize = usualPageSize } = opened;
    let { waitMs, hasErrors = true } = opened;
    for (let ordinal = opened.nextOrdinal; ordinal < recipients; ordinal += pageSize) {
      const page = await steps.notify(opened, { fromOrdinal: ordinal, size: pageSize });
      hasErrors = page.hasErrors;
      if (page.isCancelled) break;
      waitMs = soonest(waitMs, page.waitMs);
      await leaveFullHistory({ ...opened, nextOrdinal: ordinal + pageSize, waitMs });
    }
    if (waitMs !== undefined) hasErrors = await waitForRest(opened, waitMs);
    if (hasErrors) await tellIntegrator(opened);
  }
  return close(steps);

  /** Nobody who waits holds up the pages: whoever is left after the last one is looked at again, when the first is due. */
  async function waitForRest(opened: BatchPosition, firstWaitMs: number): Promise<boolean> {
    const { recipients } = opened;
    for (let waitMs = firstWaitMs; ;) {
      const summary = 'recipients wait for another try';
      setCurrentDetails(summary);
      if (waitMs > 0) showWait('running');
      if (waitMs > 0) await condition(() => isWoken, waitMs, { summary });
      isWoken = false;
      const page = await steps.notify(opened, { fromOrdinal: 0, size: recipients });
      if (page.isCancelled || page.waitMs === undefined) return page.hasErrors;
      waitMs = page.waitMs;
      await leaveFullHistory({ ...opened, nextOrdinal: recipients, waitMs });
    }
  }

  async function leaveFullHistory(next: BatchPosition): Promise<void> {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof notifyBatch>(job, next);
  }

  async function tellIntegrator(opened: BatchPosition): Promise<void> {
    for (;;) {
      isWoken = false;
      const sent = await steps.tell();
      if (sent.nextDueMs === null) return;
      showWait('running');
      setCurrentDetails(`${sent.pending} error callbacks wait for the integrator`);
      await condition(() => isWoken, Math.max(1, sent.nextDueMs), { summary: `${sent.pending} error callbacks wait` });
      // An integrator that is away for long must not fill the history: the callbacks and their times are rows.
      await leaveFullHistory({ ...opened, nextOrdinal: opened.recipients, hasErrors: true, waitMs: undefined });
    }
  }
}

function soonest(one: PageResult['waitMs'], other: PageResult['waitMs']): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

async function close(steps: BatchSteps): Promise<BatchResult> {
  const closed = await steps.close();
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
