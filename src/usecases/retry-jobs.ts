import { type Caller, changedMembers } from '../domain/audit.ts';
import { type BulkOutcome, listSkipped } from '../domain/bulk.ts';
import type { RecordAudit } from '../store/audit.ts';
import { countRetryable, retryPage } from '../store/bulk-jobs.ts';
import type { JobFilter } from '../store/job-filter.ts';
import type { Transactions } from '../store/transactions.ts';
import type { AdmissionControl } from './admission-control.ts';

/** One call takes so many jobs, oldest first; the rest are the next call's. */
export const maxJobsPerRetry = 10_000;
const jobsPerTransaction = 1_000;
/** A page that others hold is not looked at for ever. */
const maxPages = (2 * maxJobsPerRetry) / jobsPerTransaction;

/** `matched` = jobs that match and can be run again, at most `maxJobsPerRetry`. */
export interface RetriedJobs extends BulkOutcome {
  /** When the last of them is due; null = there is none. */
  readonly lastStartsAt: Date | null;
}

export interface RetryJobs {
  (
    by: Caller,
    wanted: { readonly filter: JobFilter; readonly ratePerSecond: number; readonly dryRun: boolean },
  ): Promise<RetriedJobs>;
}

/**
 * Runs many failed, expired or cancelled jobs again, at a pace: nothing is started here, each becomes due in its turn and
 * the sweep starts it. They are those that had ended when the call began, so that none is run again twice. Every page is a transaction of its own, so what a lost connection leaves undone still matches; the first one
 * that runs anything again leaves the audit's entry for all of them, with the names of the filter's members. Refuses with
 * `too_many_waiting_jobs`: more would only wait longer.
 */
export function createRetryJobs(dependencies: {
  readonly transactions: Transactions;
  readonly recordAudit: RecordAudit;
  readonly admissionControl: AdmissionControl;
  readonly clock: () => Date;
}): RetryJobs {
  const { transactions, clock, recordAudit, admissionControl } = dependencies;
  return async (by, { filter, ratePerSecond, dryRun }) => {
    const { tenantId } = by;
    const changed = changedMembers({}, filter);
    const now = clock();
    const found = await transactions.withTenant(tenantId, async (tx) => {
      if (!dryRun) await admissionControl.check(tx, tenantId);
      return countRetryable(tx, filter, { now, bound: maxJobsPerRetry + 1 });
    });
    const matched = Math.min(found, maxJobsPerRetry);
    const everyMs = 1_000 / ratePerSecond;
    const startOf = (place: number) => new Date(now.getTime() + Math.round(place * everyMs));
    let retried = 0;
    for (let page = 0; !dryRun && retried < matched && page < maxPages; page += 1) {
      const limit = Math.min(jobsPerTransaction, matched - retried);
      const startsAt = startOf(retried);
      const done = await transactions.withTenant(tenantId, async (tx) => {
        const count = await retryPage(tx, filter, { limit, now, startsAt, everyMs });
        if (retried === 0 && count > 0) await recordAudit(tx, by, { action: 'jobs.retried', targetId: null, changed });
        return count;
      });
      retried += done;
      if (done === 0) break;
    }
    const last = dryRun ? matched : retried;
    return {
      matched,
      done: retried,
      skipped: listSkipped({ busy: dryRun ? 0 : matched - retried }),
      hasMore: found > maxJobsPerRetry,
      lastStartsAt: last === 0 ? null : startOf(last - 1),
    };
  };
}
