import { defaultTimeToLiveMs, startGraceMs } from './acceptance.ts';
import type { Job, JobUpdate, TimelineEntry } from './job.ts';

/** The ends that an operator may take back. `store/bulk-jobs.ts` says the same in SQL. */
export const retryable: ReadonlySet<string> = new Set(['failed', 'expired', 'cancelled']);

export const runAgainEntry: TimelineEntry = { type: 'job.retried', title: 'Run again by an operator' };

export const waitsForBulkRetry = 'waits for its place in a bulk retry';

/**
 * What every kind of job needs to run again: at once, or at its place in a bulk retry. A time-to-live that is over by then
 * is given anew.
 */
export function runAgain(job: Job, now: Date, startsAt: Date | null): JobUpdate {
  const start = startsAt ?? now;
  const isOver = job.expiresAt.getTime() <= start.getTime();
  return {
    state: startsAt === null ? 'queued' : 'scheduled',
    terminal: false,
    waitingFor: startsAt === null ? null : { reason: 'schedule', until: startsAt, detail: waitsForBulkRetry },
    internalFaults: 0,
    interruptions: 0,
    nextAttemptAt: null,
    sendAt: null,
    error: null,
    finishedAt: null,
    expiresAt: isOver ? new Date(start.getTime() + defaultTimeToLiveMs) : job.expiresAt,
    wakeAt: startsAt ?? new Date(now.getTime() + startGraceMs),
  };
}
