import { queuesOfDeliveries } from '../contracts/workflows.ts';
import { explainJob } from '../domain/explain/explain-job.ts';
import type { Finding } from '../domain/explain/explanation.ts';
import type { ExplainFacts } from '../domain/explain/facts.ts';
import type { Job } from '../domain/job.ts';
import { toJobView, type WorkflowLinks } from '../domain/job-view.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { readExplainFacts } from '../store/explain-facts.ts';
import { findJob } from '../store/jobs.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { readWaitFacts } from '../store/wait-facts.ts';
import { within } from './check-readiness.ts';

/** What is asked of Temporal. Each may hang: then it counts as silent. */
export interface EngineProbes {
  /** What is wrong, in words for the middle of a sentence; null = nothing is. */
  askTemporal(): Promise<string | null>;
  /** The same of the versions of the workers. */
  askVersion(): Promise<string | null>;
  /** Whether an operator has paused the job's activity. */
  isPaused(jobId: string): Promise<boolean>;
}

const probeWithinMs = 1_000;

type StoredFacts = Omit<ExplainFacts, 'version' | 'silent' | 'isActivityPaused'>;

/**
 * Explains one job: one transaction for what is stored, then the probes side by side, each for a second at most. Refuses with
 * `not_found`.
 */
export function createExplainJob(dependencies: {
  readonly transactions: Transactions;
  readonly probes: EngineProbes;
  readonly links: WorkflowLinks;
  readonly clock: () => Date;
}): (tenantId: string, jobId: string) => Promise<Finding> {
  const { transactions, probes, links, clock } = dependencies;

  async function read(tx: Tx, job: Job, now: Date): Promise<StoredFacts | null> {
    const [[wait], stored] = await Promise.all([
      readWaitFacts(tx, [job], { now, queues: queuesOfDeliveries, isWhole: true }),
      readExplainFacts(tx, job),
    ]);
    if (wait === undefined) return null;
    return { ...wait, ...stored, ahead: null, workflowUrl: toJobView(job, links).workflow?.url ?? null };
  }

  async function readAll(tx: Tx, jobId: string) {
    const job = await findJob(tx, jobId);
    if (job === null) return null;
    const now = clock();
    const facts = await read(tx, job, now);
    if (facts === null) return null;
    const front = facts.front === null ? null : await findJob(tx, facts.front.jobId);
    return { job, facts, ahead: front === null ? null : { job: front, facts: await read(tx, front, now) } };
  }

  return async (tenantId, jobId) => {
    const found = await transactions.withTenant(tenantId, (tx) => readAll(tx, jobId));
    if (found === null) throw apiProblem('not_found', `There is no job ${jobId}.`);
    const { job, facts, ahead } = found;
    const asked = [job, ...(ahead === null ? [] : [ahead.job])];
    // Behind the transaction: the answers may take a second.
    const [engine, ...paused] = await Promise.all([
      job.terminal ? noProbe : probe(probes),
      ...asked.map(({ id, awaitedBy, terminal }) =>
        awaitedBy === null || terminal ? false : within(probeWithinMs, () => probes.isPaused(id)).catch(() => false),
      ),
    ]);
    const complete = (stored: StoredFacts, index: number): ExplainFacts => ({
      ...stored,
      engine: { ...stored.engine, temporal: engine.temporal },
      version: engine.version,
      silent: engine.silent,
      isActivityPaused: paused[index] === true,
    });
    if (ahead === null || ahead.facts === null) return explainJob(job, complete(facts, 0));
    const finding = explainJob(ahead.job, complete(ahead.facts, 1));
    return explainJob(job, { ...complete(facts, 0), ahead: { id: ahead.job.id, finding } });
  };
}

const noProbe = { temporal: null, version: null, silent: [] };

async function probe(probes: EngineProbes) {
  const [temporal, version] = await Promise.allSettled([
    within(probeWithinMs, () => probes.askTemporal()),
    within(probeWithinMs, () => probes.askVersion()),
  ]);
  const isSilent = temporal.status === 'rejected';
  return {
    temporal: isSilent ? 'Temporal has not answered within a second' : temporal.value,
    // Where Temporal is away, its versions are the least of it.
    version: version.status === 'fulfilled' ? version.value : null,
    silent: isSilent ? ['Temporal did not answer within a second'] : [],
  };
}
