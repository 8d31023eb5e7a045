import { condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { RelayActivities } from '../contracts/activities.ts';
import { type ChannelReference, taskQueues, wakeSignal, type WebhookReference } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

// The relays by their names of before, for runs that a release before began; `relayDeliveries` takes over when they end.

const options = {
  taskQueue: taskQueues.relay,
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: retryPolicies.outage,
} as const;
const kpi = proxyActivities<RelayActivities>({ ...options, summary: 'post due KPI events' });
const webhook = proxyActivities<RelayActivities>({ ...options, summary: 'send events to the endpoint' });

export async function relayKpi(channel: ChannelReference): Promise<{ delivered: number }> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });
  let delivered = 0;
  for (;;) {
    isWoken = false;
    const batch = await kpi.relayKpiEvents(channel);
    delivered += batch.delivered;
    if (batch.nextDueMs === null && !isWoken) return { delivered };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayKpi>(channel);
    if (batch.nextDueMs !== null && batch.nextDueMs > 0) {
      await condition(() => isWoken, batch.nextDueMs, { summary: 'the sink did not take them' });
    }
  }
}

export async function relayWebhook(endpoint: WebhookReference): Promise<{ delivered: number }> {
  let delivered = 0;
  for (;;) {
    const batch = await webhook.relayWebhookEvents(endpoint);
    delivered += batch.delivered;
    if (!batch.hasMore) return { delivered };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayWebhook>(endpoint);
  }
}
