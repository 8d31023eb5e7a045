import { condition, continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import { type DeliveryResult, type JobReference, type JobToFollow, wakeSignal } from '../contracts/workflows.ts';
import { type Attempt, attemptFirst } from './follow-job.ts';
import { createShowWait, showState } from './show-state.ts';

/**
 * `followJob` as runs of before know it, so that they go on: whatever must be waited for is waited for on durable timers. A run
 * that continues as new goes on as the present ones do.
 */
export async function followJobOnTimers(
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
      return continueAsNew<(again: JobToFollow) => Promise<DeliveryResult>>({ ...job, retries: 'temporal' });
    isWoken = false;
    step = await attempts.ownPath({ ...job, isFastPath: false });
  }
  showState(step.state, step.errorCode);
  return { state: step.state, attempts: step.attempts };
}
