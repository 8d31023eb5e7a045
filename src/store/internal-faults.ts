import type { Job } from '../domain/job.ts';
import { wakeGraceMs } from '../domain/message/outcome.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { findJob } from './jobs.ts';
import type { Tx } from './transactions.ts';

/**
 * Counts a fault of ours against a job whose lock the caller holds. A message or an inbound that was not in a call waits
 * until then, visibly; whatever else it was in stays as it is. Of the job's row alone: what failed may be any other write.
 */
export async function countFault(tx: Tx, job: Job, until: Date, now: Date): Promise<Job | null> {
  const waits = job.kind !== 'notification' && ['scheduled', 'queued', 'held'].includes(job.state);
  await tx.execute({
    text: waits
      ? `update job set internal_faults = internal_faults + 1, updated_at = $2, wake_at = $3, state = 'held',
           waiting_reason = 'retry', waiting_until = $4, next_attempt_at = $4, awaited_by = null,
           waiting_detail = 'an internal error; it is tried again' where id = $1`
      : `update job set internal_faults = internal_faults + 1, updated_at = $2,
           wake_at = case when kind = 'notification' then wake_at else $3 end where id = $1`,
    values: [job.id, now, new Date(until.getTime() + wakeGraceMs), ...(waits ? [until] : [])],
  });
  return findJob(tx, job.id);
}

/** Something was done since: the faults before it are no row any more. */
export async function forgetFaults(tx: Tx, jobId: string): Promise<void> {
  await tx.execute({
    text: 'update job set internal_faults = 0 where id = $1 and internal_faults > 0',
    values: [jobId],
  });
}

/** Ends a job by its row alone, where the whole record of its end cannot be written. */
export async function failRowAlone(tx: Tx, jobId: string, problem: Problem, now: Date): Promise<Job | null> {
  await tx.execute({
    text: `update job set state = 'failed', terminal = true, error = $2, error_code = $3, waiting_reason = null,
        waiting_until = null, waiting_detail = null, next_attempt_at = null, wake_at = null, status_until = null,
        is_outcome_unknown = false, finished_at = $4, updated_at = $4
      where id = $1 and not terminal`,
    values: [jobId, JSON.stringify(problem), problem.code, now],
  });
  return findJob(tx, jobId);
}
