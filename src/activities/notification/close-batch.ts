import type { NotificationActivities } from '../../contracts/activities.ts';
import type { Job } from '../../domain/job.ts';
import { stoppedFailure } from '../../domain/notification/control.ts';
import { closeBatch as endBatch, maxNamedDeliveries, undeliveredFailure } from '../../domain/notification/ending.ts';
import { lockBatch } from '../../store/batch-jobs.ts';
import { countPendingCallbacks, findFailedCallbacks, stopCallbacks } from '../../store/deliveries.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { insertProblem } from '../../store/notification-errors.ts';
import { settleReceivers } from '../../store/receivers.ts';
import { cancelPendingRecipients } from '../../store/recipients.ts';
import { showProblem } from '../../domain/problems/problem.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { DescribeFailure } from './describe-failure.ts';

/**
 * Writes the final state of a batch with its event. Running it twice is safe: under the job's lock only a running batch is
 * closed, and one that has ended gives the result that its record tells, so the workflow fails or completes as it did.
 */
export function createCloseBatch(dependencies: {
  readonly transactions: Transactions;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly publicUrl: string;
  readonly clock: () => Date;
}): NotificationActivities['closeBatch'] {
  const { transactions, writeJobChange, describeFailure, publicUrl, clock } = dependencies;

  return ({ tenantId, jobId }) =>
    transactions.withTenant(tenantId, async (tx) => {
      const job = await lockBatch(tx, jobId);
      if (job === null) return { state: 'missing', errorCode: null, delivered: 0, failed: 0, failure: null };
      const now = clock();
      if (job.state === 'running') return toResult(await close(tx, job, now), publicUrl);
      if (job.terminal) await stopRest(tx, job, now);
      return toResult(job, publicUrl);
    });

  async function close(tx: Tx, job: Job, now: Date): Promise<Job> {
    await settleReceivers(tx, job.id);
    const undelivered = job.waitingFor?.reason === 'integrator' ? await describeUndelivered(tx, job, now) : null;
    const hasErrors = job.counts !== null && job.counts.failed + job.counts.failedMerchants > 0;
    return writeJobChange(tx, { job, change: endBatch({ job, undelivered, hasErrors, now }), now });
  }

  async function describeUndelivered(tx: Tx, job: Job, now: Date) {
    const failed = await findFailedCallbacks(tx, job.id, maxNamedDeliveries);
    if (failed.count === 0) return null;
    const integration = job.integration ?? '';
    const failure = undeliveredFailure({
      integration,
      count: failed.count,
      deliveryIds: failed.ids,
      last: failed.why,
      fault: job.error,
    });
    return describeFailure(job, failure, now);
  }

  /** A batch that was cancelled or has expired leaves nothing on its way. */
  async function stopRest(tx: Tx, job: Job, now: Date): Promise<void> {
    await cancelPendingRecipients(tx, job.id, now);
    const { pending } = await countPendingCallbacks(tx, job.id);
    if (pending === 0) return;
    const problem = describeFailure(job, stoppedFailure(job.state), now);
    await insertProblem(tx, problem);
    await stopCallbacks(tx, job.id, problem, now);
  }
}

/** The ends that nobody wanted: in the Web UI they are red. */
const failsWorkflow: ReadonlySet<string> = new Set(['failed', 'expired']);

function toResult(job: Job, publicUrl: string) {
  const { error, state } = job;
  return {
    state,
    errorCode: error?.code ?? null,
    delivered: job.counts?.delivered ?? 0,
    failed: job.counts?.failed ?? 0,
    failure:
      failsWorkflow.has(state) && error !== null
        ? { code: error.code, title: error.title, problem: showProblem(error, publicUrl) }
        : null,
  };
}
