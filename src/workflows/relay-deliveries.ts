import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RelayActivities } from '../contracts/activities.ts';
import { type EndpointReference, taskQueues } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const relay = proxyActivities<Pick<RelayActivities, 'relayDeliveries'>>({
  taskQueue: taskQueues.relay,
  // The activity works in batches for a minute at most and heartbeats all the while.
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: retryPolicies.outage,
  summary: 'send what is due to the endpoint',
});

/** Sends one endpoint what is due for it, in batches, and ends when nothing is: the sweep starts it again when something is. */
export async function relayDeliveries(endpoint: EndpointReference): Promise<{ delivered: number }> {
  let delivered = 0;
  for (;;) {
    const batch = await relay.relayDeliveries(endpoint);
    delivered += batch.delivered;
    if (!batch.hasMore) return { delivered };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayDeliveries>(endpoint);
  }
}
