import { startGraceMs } from './acceptance.ts';
import type { Job, JobUpdate, TimelineEntry } from './job.ts';

/** The ends that an operator may take back. `store/bulk-jobs.ts` says the same in SQL. */
export const retryable: ReadonlySet<string> = new Set(['failed', 'expired', 'cancelled', 'completed_with_errors']);

export const runAgainEntry: TimelineEntry = { type: 'job.retried', title: 'Run again by an operator' };

export const waitsForBulkRetry = 'waits for its place in a bulk retry';

/** What is asked of a job that is run again; left out or null = at once, and with its first lifetime from then on. */
export interface RunAgain {
  /** Its place in a bulk retry. */
  readonly startsAt?: Date | null;
  readonly expiresAt?: Date | null;
}

/** What every kind of job needs to run again. */
export function runAgain(job: Job, now: Date, { startsAt = null, expiresAt = null }: RunAgain): JobUpdate {
  const start = startsAt ?? now;
  const lifetimeMs = firstLifetimeMs(job);
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
    expiresAt: expiresAt ?? new Date(start.getTime() + lifetimeMs),
    lifetimeMs,
    wakeAt: startsAt ?? new Date(now.getTime() + startGraceMs),
  };
}

/** A past `sendAt` meant at once. */
function firstLifetimeMs({ lifetimeMs, expiresAt, sendAt, createdAt }: Job): number {
  return lifetimeMs ?? expiresAt.getTime() - Math.max(sendAt?.getTime() ?? 0, createdAt.getTime());
}
