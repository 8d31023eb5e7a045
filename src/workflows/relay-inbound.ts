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
import type { DeliveryStep, InboundActivities } from '../contracts/activities.ts';
import { type DeliveryResult, type JobReference, taskQueues, wakeSignal } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';
import { showState } from './show-state.ts';

const fastPath = proxyLocalActivities<InboundActivities>({
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '60s',
  retry: retryPolicies.hiccup,
  summary: 'first attempt',
});

const ownPath = proxyActivities<InboundActivities>({
  taskQueue: taskQueues.send,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  retry: retryPolicies.outage,
  summary: 'attempt',
});

/**
 * The story of one message from a user: it is relayed to the bot in a single local activity, and the bot's replies are
 * messages of their own. A bot that is away is tried again here, on durable timers; the record decides.
 */
export async function relayInbound(job: JobReference): Promise<DeliveryResult> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });

  let step = await attemptFirst(job);
  for (;;) {
    if (step.next === 'end' && !isWoken) break;
    if (step.next === 'wait') {
      setCurrentDetails(`**${step.state}** after ${step.attempts} attempts: ${step.summary}`);
      await condition(() => isWoken, step.waitMs, { summary: step.summary });
    }
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayInbound>(job);
    isWoken = false;
    step = await ownPath.attemptRelay({ ...job, isFastPath: false });
  }
  showState(step.state, step.errorCode);
  return { state: step.state, attempts: step.attempts };

  async function attemptFirst(first: JobReference): Promise<DeliveryStep> {
    // Forgotten before the attempt, which looks at the record; a signal during it says that the record has changed.
    isWoken = false;
    try {
      return await fastPath.attemptRelay({ ...first, isFastPath: true });
    } catch (error) {
      if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
      return { next: 'escalate', reason: 'the fast path failed' };
    }
  }
}
