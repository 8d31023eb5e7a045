import {
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryActivities, DeliveryStep } from '../contracts/activities.ts';
import { type DeliveryResult, type JobReference, taskQueues, wakeSignal } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';
import { showState } from './show-state.ts';

const fastPath = proxyLocalActivities<DeliveryActivities>({
  // One HTTP call (25 s at most, the wait for a connection included), its record while the database restarts (12 s).
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '60s',
  retry: retryPolicies.hiccup,
  summary: 'first attempt',
});

const ownPath = proxyActivities<DeliveryActivities>({
  taskQueue: taskQueues.send,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  retry: retryPolicies.outage,
  summary: 'attempt',
});

/**
 * The story of one message. A healthy one is told in a single local activity: claimed, rendered, sent, recorded, done; what
 * the provider says later goes to the job's record. Whatever must be waited for is waited for here, on durable timers; a
 * callback, an operator or a resumed channel wakes the wait. The record decides, so looking once too often is harmless.
 */
export async function deliverMessage(job: JobReference): Promise<DeliveryResult> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });

  // Forgotten before each attempt, which looks at the record; one that comes during it says that the record has changed.
  isWoken = false;
  let step = await attemptFirst(job);
  for (;;) {
    if (step.next === 'end' && !isWoken) break;
    if (step.next === 'wait') {
      setCurrentDetails(`**${step.state}** after ${step.attempts} attempts: ${step.summary}`);
      await condition(() => isWoken, step.waitMs, { summary: step.summary });
    }
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof deliverMessage>(job);
    isWoken = false;
    step = await ownPath.attemptDelivery({ ...job, isFastPath: false });
  }
  showState(step.state, step.errorCode);
  return { state: step.state, attempts: step.attempts };
}

/** The first attempt inside the workflow task; where our own infrastructure fails it, it goes on as an ordinary activity. */
async function attemptFirst(job: JobReference): Promise<DeliveryStep> {
  try {
    return await fastPath.attemptDelivery({ ...job, isFastPath: true });
  } catch (error) {
    // A local activity fails with its own failure, not with an ActivityFailure around it as an ordinary one does.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return { next: 'escalate', reason: 'the fast path failed' };
  }
}
