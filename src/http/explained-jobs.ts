import { queuesOfDeliveries } from '../contracts/workflows.ts';
import { dependsOnEngine, type WaitFacts } from '../domain/explain-wait.ts';
import type { Job } from '../domain/job.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { readWaitFacts } from '../store/wait-facts.ts';
import { type CheckTemporal, within } from '../usecases/check-readiness.ts';
import type { EngineProbes } from '../usecases/explain-job.ts';
import { shareBriefly } from './probe-cache.ts';

const temporalAnswersWithinMs = 2_000;

export interface ExplainedJob {
  readonly job: Job;
  readonly facts: WaitFacts;
}

export interface ExplainJobs {
  /** Loads jobs with what explains their waits. Temporal is asked, at most once a second, where one is due and not taken up. */
  <Loaded extends { readonly rows: readonly Job[] }>(
    tenantId: string,
    load: (tx: Tx) => Promise<Loaded>,
  ): Promise<Omit<Loaded, 'rows'> & { readonly rows: readonly ExplainedJob[] }>;
}

/** Asks Temporal, for all jobs of all who ask within `probeCacheMs` at once. */
export function createTemporalProbe({
  checkTemporal,
  probeCacheMs,
}: {
  readonly checkTemporal: CheckTemporal;
  readonly probeCacheMs: number;
}): EngineProbes['askTemporal'] {
  return shareBriefly(async () => {
    const health = await within(temporalAnswersWithinMs, checkTemporal).catch(() => null);
    if (health === null || health.temporal !== null) return 'Temporal is away';
    return typeof health.namespace === 'string' ? 'Temporal lacks the namespace' : null;
  }, probeCacheMs);
}

export function createExplainJobs(dependencies: {
  readonly transactions: Transactions;
  readonly askTemporal: EngineProbes['askTemporal'];
  readonly clock: () => Date;
}): ExplainJobs {
  const { transactions, askTemporal, clock } = dependencies;

  return async (tenantId, load) => {
    const { now, loaded, facts } = await transactions.withTenant(tenantId, async (tx) => {
      const jobs = await load(tx);
      const at = clock();
      return {
        now: at,
        loaded: jobs,
        facts: await readWaitFacts(tx, jobs.rows, { now: at, queues: queuesOfDeliveries }),
      };
    });
    // Behind the transaction: the answer may take seconds.
    const temporal = loaded.rows.some((job) => dependsOnEngine(job, now)) ? await askTemporal() : null;
    const rows = loaded.rows.flatMap((job, index): ExplainedJob[] => {
      const known = facts[index];
      if (known === undefined) return [];
      const isAsked = dependsOnEngine(job, now);
      return [{ job, facts: isAsked ? { ...known, engine: { ...known.engine, temporal } } : known }];
    });
    return { ...loaded, rows };
  };
}
