import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DeliveryActivities } from '../contracts/activities.ts';
import type { DeliveryResult, JobToFollow } from '../contracts/workflows.ts';
import { fastPathOptions, ownPathOptions, waitingOptions } from './attempt-options.ts';
import { followJob } from './follow-job.ts';
import { followJobOnTimers } from './follow-job-on-timers.ts';

const fastPath = proxyLocalActivities<DeliveryActivities>(fastPathOptions);

/**
 * The story of one message. A healthy one is told in a single local activity: claimed, rendered, sent, recorded, done; what
 * the provider says later goes to the job's record. One that was refused waits as an activity for its next attempt; a callback
 * or an operator wakes it.
 */
export async function deliverMessage(job: JobToFollow): Promise<DeliveryResult> {
  if (job.retries === undefined) {
    const ownPath = proxyActivities<DeliveryActivities>(ownPathOptions);
    return followJobOnTimers(job, { fastPath: fastPath.attemptDelivery, ownPath: ownPath.attemptDelivery });
  }
  return followJob(job, {
    fastPath: fastPath.sendToKernel,
    ownPath: (scheduleToCloseMs) => proxyActivities<DeliveryActivities>(waitingOptions(scheduleToCloseMs)).sendToKernel,
  });
}
