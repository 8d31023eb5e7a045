import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DeliveryActivities } from '../contracts/activities.ts';
import type { DeliveryResult, JobReference } from '../contracts/workflows.ts';
import { fastPathOptions, ownPathOptions } from './attempt-options.ts';
import { followJob } from './follow-job.ts';

const fastPath = proxyLocalActivities<DeliveryActivities>(fastPathOptions);
const ownPath = proxyActivities<DeliveryActivities>(ownPathOptions);

/**
 * The story of one message. A healthy one is told in a single local activity: claimed, rendered, sent, recorded, done; what
 * the provider says later goes to the job's record. A callback, an operator or a resumed channel wakes its waits.
 */
export async function deliverMessage(job: JobReference): Promise<DeliveryResult> {
  return followJob(job, { fastPath: fastPath.attemptDelivery, ownPath: ownPath.attemptDelivery });
}
