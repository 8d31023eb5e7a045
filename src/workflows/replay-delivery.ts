import { proxyActivities } from '@temporalio/workflow';
import type { NotificationActivities } from '../contracts/activities.ts';
import { type DeliveryReference, taskQueues } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const replay = proxyActivities<NotificationActivities>({
  taskQueue: taskQueues.send,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  retry: retryPolicies.outage,
  summary: 'one more attempt',
});

/** Sends a delivery that has ended once more, on request. Its record says what came of it; there is no further try. */
export async function replayDelivery(delivery: DeliveryReference): Promise<{ state: string }> {
  const { state } = await replay.sendReplay(delivery);
  return { state };
}
