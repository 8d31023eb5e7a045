import { condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { RelayActivities } from '../contracts/activities.ts';
import { type ChannelReference, taskQueues, wakeSignal } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const relay = proxyActivities<RelayActivities>({
  taskQueue: taskQueues.relay,
  // The activity works in batches for a minute at most and heartbeats all the while.
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: retryPolicies.outage,
  summary: 'post due KPI events',
});

/** Empties the KPI outbox of one channel, in batches, and ends when it is empty. A dead sink is tried again by the outbox's own schedule. */
export async function relayKpi(channel: ChannelReference): Promise<{ delivered: number }> {
  let isWoken = false;
  setHandler(wakeSignal, () => {
    isWoken = true;
  });
  let delivered = 0;
  for (;;) {
    isWoken = false;
    const batch = await relay.relayKpiEvents(channel);
    delivered += batch.delivered;
    if (batch.nextDueMs === null && !isWoken) return { delivered };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof relayKpi>(channel);
    if (batch.nextDueMs !== null && batch.nextDueMs > 0) {
      await condition(() => isWoken, batch.nextDueMs, { summary: 'the sink did not take them' });
    }
  }
}
