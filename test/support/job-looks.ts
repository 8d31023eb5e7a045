import { viewExplanation } from '../../src/domain/explain/explanation.ts';
import { type JobView, toJobView } from '../../src/domain/job-view.ts';
import { createExplainJobs } from '../../src/http/explained-jobs.ts';
import { findJob } from '../../src/store/jobs.ts';
import type { Transactions } from '../../src/store/transactions.ts';
import { createExplainJob, type EngineProbes } from '../../src/usecases/explain-job.ts';

const links = { uiUrl: 'http://ui', namespace: 'default' };

/** What `GET /v1/jobs/{id}` and its `explain` show, over a database without an api; `transactions` counts what they need. */
export function createJobLooks(place: {
  readonly stores: { readonly transactions: Transactions };
  readonly tenantId: string;
  readonly clock: () => Date;
  readonly askTemporal: EngineProbes['askTemporal'];
}) {
  const { tenantId, clock, askTemporal } = place;
  let count = 0;
  const transactions: Transactions = {
    ...place.stores.transactions,
    withTenant: (id, work) => {
      count += 1;
      return place.stores.transactions.withTenant(id, work);
    },
  };
  const probes = { askTemporal, askVersion: async () => null, isPaused: async () => false };
  const explainJob = createExplainJob({ transactions, probes, links, clock });
  const explainJobs = createExplainJobs({ transactions, askTemporal, clock });

  return {
    transactions: () => count,
    async look(id: string): Promise<JobView> {
      const { rows } = await explainJobs(tenantId, async (tx) => {
        const job = await findJob(tx, id);
        return { rows: job === null ? [] : [job] };
      });
      const [found] = rows;
      if (found === undefined) throw new Error(`there is no job ${id}`);
      return toJobView(found.job, links, found.facts);
    },
    /** To a key that may do everything. */
    explain: async (id: string) => viewExplanation(await explainJob(tenantId, id), () => true),
  };
}
