import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RelayActivities } from '../contracts/activities.ts';
import { taskQueues, type WebhookReference } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const relay = proxyActivities<Pick<RelayActivities, 'relayWebhookEvents'>>({
  taskQueue: taskQueues.relay,
  // The activity works in batches for a minute at most and heartbeats all the while.
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: retryPolicies.outage,
  summary: 'send events to the endpoint',
});

/** Sends one endpoint its events, in batches, and ends when none is due: the sweep starts it again when one is. */
export async function relayWebhook(endpoint: WebhookReference): Promise<{ delivered: number }> {
  let delivered = 0;
  for (;;) {
    const batch = await relay.relayWebhookEvents(endpoint);
    delivered += batch.delivered;
    if (!batch.hasMore) return { delivered };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayWebhook>(endpoint);
  }
}
