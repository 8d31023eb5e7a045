import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { InboundActivities } from '../contracts/activities.ts';
import type { DeliveryResult, JobReference } from '../contracts/workflows.ts';
import { fastPathOptions, ownPathOptions } from './attempt-options.ts';
import { followJob } from './follow-job.ts';

const fastPath = proxyLocalActivities<InboundActivities>(fastPathOptions);
const ownPath = proxyActivities<InboundActivities>(ownPathOptions);

/**
 * The story of one inbound message. A healthy one is told in a single local activity: claimed, posted to the bot, its
 * replies accepted, done. While the bot is away it waits between attempts; an operator or its turn wakes it.
 */
export async function relayInbound(job: JobReference): Promise<DeliveryResult> {
  return followJob(job, { fastPath: fastPath.attemptRelay, ownPath: ownPath.attemptRelay });
}
