import { type Caller, changedMembers } from '../domain/audit.ts';
import { type BulkOutcome, listSkipped } from '../domain/bulk.ts';
import { writeWithinMs } from '../domain/notification/control.ts';
import type { RecordAudit } from '../store/audit.ts';
import { listCancellable } from '../store/bulk-jobs.ts';
import { hasGivenWay } from '../store/database-faults.ts';
import { settleAll } from '../store/coalesce.ts';
import type { CancelJob } from '../store/job-cancellation.ts';
import type { JobFilter } from '../store/job-filter.ts';
import { tryLockJob } from '../store/jobs.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { waitForSends } from './control-job.ts';

/** One call takes so many jobs, newest first; the rest are the next call's. */
export const maxJobsPerCancel = 10_000;
/** A transaction of so many is done within a few milliseconds a job, and holds its rows as long. */
const jobsPerTransaction = 100;
/** Two calls over one conversation may wait for each other in a circle: one gives way, and makes its page again. */
const triesPerPage = 3;

/** `matched` = jobs that match, have not ended and are not out, at most `maxJobsPerCancel`. */
export interface CancelJobs {
  (by: Caller, wanted: { readonly filter: JobFilter; readonly dryRun: boolean }): Promise<BulkOutcome>;
}

/**
 * Cancels many jobs, each as the cancel of one does. Every page is a transaction of its own, so what a lost connection leaves
 * undone still matches; the first one that cancels anything leaves the audit's entry for all of them, with the names of the
 * filter's members. The newest go first: who leaves a conversation makes the next one due, and no one's turn comes who is
 * about to be cancelled. Where notifications were being sent, the answer takes until their sends are recorded, 5 s at most.
 */
export function createCancelJobs(dependencies: {
  readonly transactions: Transactions;
  readonly recordAudit: RecordAudit;
  readonly cancelJob: CancelJob;
  readonly clock: () => Date;
}): CancelJobs {
  const { transactions, recordAudit, cancelJob, clock } = dependencies;

  async function cancelPage(tx: Tx, ids: readonly string[]) {
    const jobs = (await settleAll(ids.map((id) => tryLockJob(tx, id)))).flatMap((job) => job ?? []);
    const now = clock();
    const cancelled = (await settleAll(jobs.map((job) => cancelJob(tx, job, now)))).flatMap((job) => job ?? []);
    return { cancelled, locked: jobs.length };
  }

  return async (by, { filter, dryRun }) => {
    const { tenantId } = by;
    const found = await transactions.withTenant(tenantId, (tx) => listCancellable(tx, filter, maxJobsPerCancel + 1));
    const matched = found.slice(0, maxJobsPerCancel);
    const hasMore = found.length > maxJobsPerCancel;
    if (dryRun) return { matched: matched.length, done: 0, skipped: [], hasMore };
    let done = 0;
    let busy = 0;
    const batches: string[] = [];
    for (let from = 0; from < matched.length; from += jobsPerTransaction) {
      const ids = matched.slice(from, from + jobsPerTransaction);
      const isFirst = done === 0;
      const { cancelled, locked } = await insist(() =>
        transactions.withTenant(tenantId, async (tx) => {
          const page = await cancelPage(tx, ids);
          if (isFirst && page.cancelled.length > 0) {
            const changed = changedMembers({}, filter);
            await recordAudit(tx, by, { action: 'jobs.cancelled', targetId: null, changed });
          }
          return page;
        }),
      );
      done += cancelled.length;
      busy += ids.length - locked;
      batches.push(...cancelled.flatMap(({ id, kind }) => (kind === 'notification' ? [id] : [])));
    }
    const untilMs = performance.now() + writeWithinMs;
    for (const id of batches) await waitForSends(transactions, { tenantId, jobId: id, untilMs });
    return {
      matched: matched.length,
      done,
      skipped: listSkipped({ busy, too_late: matched.length - done - busy }),
      hasMore,
    };
  };
}

async function insist<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === triesPerPage || !hasGivenWay(error)) throw error;
    }
  }
}
