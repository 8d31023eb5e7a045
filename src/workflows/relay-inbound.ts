import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { InboundActivities } from '../contracts/activities.ts';
import type { DeliveryResult, JobToFollow } from '../contracts/workflows.ts';
import { fastPathOptions, ownPathOptions, waitingOptions } from './attempt-options.ts';
import { followJob } from './follow-job.ts';
import { followJobOnTimers } from './follow-job-on-timers.ts';

const fastPath = proxyLocalActivities<InboundActivities>(fastPathOptions);

/**
 * The story of one inbound message. A healthy one is told in a single local activity: claimed, posted to the bot, its
 * replies accepted, done. While the bot is away it waits as an activity for its next attempt; an operator wakes it.
 */
export async function relayInbound(job: JobToFollow): Promise<DeliveryResult> {
  if (job.retries === undefined) {
    const ownPath = proxyActivities<InboundActivities>(ownPathOptions);
    return followJobOnTimers(job, { fastPath: fastPath.attemptRelay, ownPath: ownPath.attemptRelay });
  }
  return followJob(job, {
    fastPath: fastPath.relayToBot,
    ownPath: (scheduleToCloseMs) => proxyActivities<InboundActivities>(waitingOptions(scheduleToCloseMs)).relayToBot,
  });
}
