import {
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryStep } from '../contracts/activities.ts';
import { type DeliveryResult, type JobReference, wakeSignal } from '../contracts/workflows.ts';
import { createShowWait, showState } from './show-state.ts';

type Attempt = (input: JobReference & { readonly isFastPath: boolean }) => Promise<DeliveryStep>;

/**
 * Attempts a job until its record says that nothing is left to do: first inside the workflow task, then as ordinary
 * activities. Whatever must be waited for is waited for here, on durable timers; a wake ends the wait. The record decides,
 * so looking once too often is harmless.
 */
export async function followJob(
  job: JobReference,
  attempts: { readonly fastPath: Attempt; readonly ownPath: Attempt },
): Promise<DeliveryResult> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });

  // Forgotten before each attempt, which looks at the record; one that comes during it says that the record has changed.
  isWoken = false;
  let step = await attemptFirst(job, attempts.fastPath);
  const showWait = createShowWait();
  for (;;) {
    if (step.next === 'end' && !isWoken) break;
    if (step.next === 'wait') {
      showWait(step.state);
      setCurrentDetails(`**${step.state}** after ${step.attempts} attempts: ${step.summary}`);
      await condition(() => isWoken, step.waitMs, { summary: step.summary });
    }
    if (workflowInfo().continueAsNewSuggested)
      return continueAsNew<(again: JobReference) => Promise<DeliveryResult>>(job);
    isWoken = false;
    step = await attempts.ownPath({ ...job, isFastPath: false });
  }
  showState(step.state, step.errorCode);
  return { state: step.state, attempts: step.attempts };
}

/** The first attempt inside the workflow task; where our own infrastructure fails it, it goes on as an ordinary activity. */
async function attemptFirst(job: JobReference, fastPath: Attempt): Promise<DeliveryStep> {
  try {
    return await fastPath({ ...job, isFastPath: true });
  } catch (error) {
    // A local activity fails with its own failure, not with an ActivityFailure around it as an ordinary one does.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return { next: 'escalate', reason: 'the fast path failed' };
  }
}
