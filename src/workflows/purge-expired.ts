import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { UpkeepActivities } from '../contracts/activities.ts';
import { addPurged, describePurged, type PurgedCounts } from '../domain/retention.ts';
import { retryPolicies } from './retry-policies.ts';

const upkeep = proxyActivities<UpkeepActivities>({
  // The activity works in small transactions for ten seconds at most and heartbeats between them.
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: retryPolicies.outage,
  summary: 'purge what is older than its retention',
});

/**
 * Purges what is older than its retention, in all tenants, and ends when nothing is: the sweep starts it again when something
 * is. What went so far stands in its details while it runs, and in its result.
 */
export async function purgeExpired(before: PurgedCounts = {}): Promise<{ purged: PurgedCounts }> {
  let purged = before;
  for (;;) {
    const pass = await upkeep.purgeExpired();
    purged = addPurged(purged, pass.purged);
    setCurrentDetails(describePurged(purged));
    if (!pass.hasMore) return { purged };
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof purgeExpired>(purged);
  }
}
