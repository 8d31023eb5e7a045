import { continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { UpkeepActivities } from '../contracts/activities.ts';
import type { ErasureReference } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const upkeep = proxyActivities<UpkeepActivities>({
  // The activity works in small transactions for ten seconds at most and heartbeats between them.
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: retryPolicies.outage,
  summary: 'erase a few jobs of the recipient',
});

/** What is on the wire ends within a minute, or when its own wait is over. */
const firstWaitMs = 5_000;
const longestWaitMs = 300_000;
/** A quarter of an hour in all; then it is left to the sweep, which starts it again ten minutes later. */
const maxWaits = 8;

/** Erases what is kept of one number, pass by pass; what is on the wire is waited for. */
export async function eraseRecipient(erasure: ErasureReference): Promise<{ state: string; jobs: number }> {
  let waits = 0;
  for (;;) {
    const pass = await upkeep.eraseRecipient(erasure);
    const found = { jobs: pass.erasedJobs };
    if (pass.next === 'end') return { state: 'complete', ...found };
    if (pass.next === 'wait') {
      if (waits === maxWaits) return { state: 'left to the sweep', ...found };
      const summary = `${pass.inFlight} jobs are on the wire`;
      setCurrentDetails(summary);
      await sleep(Math.min(firstWaitMs * 2 ** waits, longestWaitMs), { summary });
      waits += 1;
    }
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof eraseRecipient>(erasure);
  }
}
