import { setTimeout as sleep } from 'node:timers/promises';
import { findTooFarAhead } from '../domain/acceptance.ts';
import { type Caller, isOperator } from '../domain/audit.ts';
import { queuesOfDeliveries } from '../contracts/workflows.ts';
import { explainWait, type WaitFacts } from '../domain/explain-wait.ts';
import type { Job } from '../domain/job.ts';
import { retryBatch, writeWithinMs } from '../domain/notification/control.ts';
import { retryMessage, retryNow } from '../domain/message/control.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { RecordAudit } from '../store/audit.ts';
import { isBatchSending } from '../store/batch-jobs.ts';
import { lineOf, takeLastPlace } from '../store/conversation-lines.ts';
import type { CancelJob } from '../store/job-cancellation.ts';
import type { WriteJobChange } from '../store/job-changes.ts';
import { findJob, lockJob } from '../store/jobs.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { forgetUploadedMedia } from '../store/uploaded-media.ts';
import { readWaitFacts } from '../store/wait-facts.ts';

/** Before the second look at the sends of a batch that was cancelled; each wait is twice the one before. */
const firstLookMs = 50;

/** `by` = who asks, where it may be the operator, whose actions are audited. */
export interface ControlJob {
  /**
   * After `cancelled` no send ever happens; `too_late` = it is on the wire or has ended. Again, it answers the same. Where a
   * batch was being sent, the answer takes until its sends are recorded, 5 s at most.
   */
  cancel(
    tenantId: string,
    jobId: string,
    by?: Caller,
  ): Promise<{ readonly result: 'cancelled' | 'too_late'; readonly job: Job }>;
  /**
   * Runs a job again at once that failed, expired, was cancelled or completed with errors, and tries a message at once that
   * waits for a retry. `expiresAt` null = its first lifetime from now on; of one that waits, as before. Refuses with
   * `not_found`, with `invalid_request` for an `expiresAt` that is over or too far ahead, and with a `conflict` that names
   * what else holds it.
   */
  retry(tenantId: string, jobId: string, by?: Caller, asked?: { readonly expiresAt: Date | null }): Promise<Job>;
}

export function createControlJob(dependencies: {
  readonly transactions: Transactions;
  readonly recordAudit: RecordAudit;
  readonly cancelJob: CancelJob;
  readonly writeJobChange: WriteJobChange;
  /** Whether an operator has paused the job's activity in Temporal. */
  readonly isPaused: (jobId: string) => Promise<boolean>;
  readonly clock: () => Date;
}): ControlJob {
  const { transactions, recordAudit, cancelJob, writeJobChange, isPaused, clock } = dependencies;

  async function lock(tx: Tx, jobId: string): Promise<Job> {
    const job = await lockJob(tx, jobId);
    if (job === null) throw apiProblem('not_found', `There is no job ${jobId}.`);
    return job;
  }

  async function audit(tx: Tx, by: Caller | undefined, action: 'job.cancelled' | 'job.retried', jobId: string) {
    if (by !== undefined && isOperator(by)) await recordAudit(tx, by, { action, targetId: jobId, changed: [] });
  }

  async function cancelLocked(
    tx: Tx,
    jobId: string,
    by?: Caller,
  ): Promise<{ result: 'cancelled' | 'too_late'; job: Job }> {
    const job = await lock(tx, jobId);
    if (job.state === 'cancelled') return { result: 'cancelled', job };
    const cancelled = await cancelJob(tx, job, clock());
    if (cancelled === null) return { result: 'too_late', job };
    await audit(tx, by, 'job.cancelled', jobId);
    return { result: 'cancelled', job: cancelled };
  }

  return {
    async cancel(tenantId, jobId, by) {
      const cancelled = await transactions.withTenant(tenantId, (tx) => cancelLocked(tx, jobId, by));
      if (cancelled.result === 'cancelled' && cancelled.job.kind === 'notification')
        await waitForSends(transactions, { tenantId, jobId, untilMs: performance.now() + writeWithinMs });
      return cancelled;
    },
    async retry(tenantId, jobId, by, { expiresAt } = { expiresAt: null }) {
      requireAhead(expiresAt, clock());
      const found = await transactions.withTenant(tenantId, (tx) => findJob(tx, jobId));
      if (found !== null && found.awaitedBy !== null && !found.terminal && (await isPaused(jobId)))
        throw apiProblem('conflict', 'An operator has paused its activity in Temporal, and unpauses it there.');
      return transactions.withTenant(tenantId, async (tx) => {
        const job = await lock(tx, jobId);
        const now = clock();
        const change =
          job.kind === 'notification'
            ? retryBatch(job, now, { expiresAt })
            : (retryNow(job, now, expiresAt) ?? retryMessage(job, now, { expiresAt }));
        if (change === null) {
          const [facts = null] = await readWaitFacts(tx, [job], { now, queues: queuesOfDeliveries });
          throw apiProblem('conflict', describeHold(job, facts));
        }
        const isRunAgain = job.state !== 'held';
        if (isRunAgain && job.kind === 'message') await forgetUploadedMedia(tx, jobId);
        if (isRunAgain && lineOf(job) !== null) await takeLastPlace(tx, jobId);
        await audit(tx, by, 'job.retried', jobId);
        return writeJobChange(tx, { job, change, now });
      });
    },
  };
}

/** Of a batch that was cancelled nothing new is begun, but what a worker had just begun may still be written until then. */
export async function waitForSends(
  transactions: Transactions,
  batch: { readonly tenantId: string; readonly jobId: string; readonly untilMs: number },
): Promise<void> {
  for (let waitMs = firstLookMs; ; waitMs *= 2) {
    const isSending = await transactions.withTenant(batch.tenantId, (tx) => isBatchSending(tx, batch.jobId));
    const leftMs = batch.untilMs - performance.now();
    if (!isSending || leftMs <= 0) return;
    await sleep(Math.min(waitMs, leftMs));
  }
}

function requireAhead(expiresAt: Date | null, now: Date): void {
  const isOver = expiresAt !== null && expiresAt.getTime() <= now.getTime();
  const errors = isOver
    ? [{ pointer: '/expiresAt', detail: 'must lie in the future' }]
    : findTooFarAhead({ sendAt: null, expiresAt }, now);
  if (errors.length > 0) throw apiProblem('invalid_request', 'The job could not run until then.', { errors });
}

function describeHold(job: Job, facts: WaitFacts | null): string {
  const wait = explainWait(job, facts);
  const cause = wait === null ? '' : ` and waits for ${wait.reason} (${wait.detail ?? 'no detail'})`;
  return `The job is ${job.state}${cause}; what is tried again is one that waits for a retry, or has failed, expired, been cancelled or completed with errors.`;
}
