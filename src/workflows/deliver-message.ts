import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DeliveryActivities } from '../contracts/activities.ts';
import type { DeliveryResult, JobToFollow } from '../contracts/workflows.ts';
import { fastPathOptions, ownPathOptions, waitingOptions } from './attempt-options.ts';
import { followJob } from './follow-job.ts';
import { followJobOnTimers } from './follow-job-on-timers.ts';

const fastPath = proxyLocalActivities<DeliveryActivities>(fastPathOptions);
const rendering = proxyLocalActivities<DeliveryActivities>({ ...fastPathOptions, summary: 'what is next' });

/**
 * The story of one message. A healthy one is told in a single local activity: claimed, rendered, sent, recorded, done; what
 * the provider says later goes to the job's record. One that was refused waits as an activity for its next attempt; a callback
 * or an operator wakes it. Off the fast path each step that can fail by itself is an activity: rendering, an upload, the send.
 */
export async function deliverMessage(job: JobToFollow): Promise<DeliveryResult> {
  if (job.retries === undefined) {
    const ownPath = proxyActivities<DeliveryActivities>(ownPathOptions);
    return followJobOnTimers(job, { fastPath: fastPath.attemptDelivery, ownPath: ownPath.attemptDelivery });
  }
  return followJob(job, {
    async fastPath(input) {
      const step = await fastPath.sendToKernel(input);
      // Only a transaction of ours, so it needs no place.
      return step.next === 'escalate' && step.activity === 'renderMessage' ? rendering.renderMessage(input) : step;
    },
    ownPath(scheduleToCloseMs, activity) {
      const ownPath = proxyActivities<DeliveryActivities>(waitingOptions(scheduleToCloseMs));
      return activity === 'uploadMedia' ? ownPath.uploadMedia : ownPath.sendToKernel;
    },
  });
}
