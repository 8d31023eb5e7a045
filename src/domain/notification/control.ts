import type { Failure } from '../failure.ts';
import { type BatchCounts, endingAt, type Job, type JobChange, noChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';

const retryable = new Set(['failed', 'expired', 'cancelled']);

/** Stops what is not done yet. Null = too late: the batch has ended. */
export function cancelBatch(job: Job, now: Date): JobChange | null {
  if (job.terminal) return null;
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'cancelled', error: null, counts: endCounts(job) },
    timeline: [{ type: 'notification.cancelled', title: 'Cancelled by the caller' }],
    events: ['notification.cancelled'],
  };
}

/**
 * Makes a failed, expired or cancelled batch run again at once for those who were not reached, with a new time-to-live
 * where the old one has passed. Null = it has not ended that way.
 */
export function retryBatch(job: Job, now: Date): JobChange | null {
  if (!retryable.has(job.state)) return null;
  const hasExpired = job.expiresAt.getTime() <= now.getTime();
  return {
    ...noChange,
    set: {
      state: 'queued',
      terminal: false,
      waitingFor: null,
      nextAttemptAt: null,
      sendAt: null,
      error: null,
      finishedAt: null,
      queuedAt: now,
      expiresAt: hasExpired ? new Date(now.getTime() + defaultTimeToLiveMs) : job.expiresAt,
      wakeAt: new Date(now.getTime() + startGraceMs),
    },
    timeline: [{ type: 'job.retried', title: 'Run again by an operator' }],
  };
}

export function expireBatch(job: Job, problem: Problem, now: Date): JobChange {
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'expired', error: problem, counts: endCounts(job) },
    timeline: [{ type: 'notification.expired', title: 'Expired before it was done', detail: { code: problem.code } }],
    // Subscribers know four endings; the state inside says which kind of failure this was.
    events: ['notification.failed'],
    problems: [problem],
  };
}

export function expiredBatchFailure(expiresAt: Date): Failure {
  return endingFailure('expired', `The notification was not done before it expired at ${expiresAt.toISOString()}.`);
}

/** For what is still on its way when its batch ends before its time. */
export function stoppedFailure(state: string): Failure {
  return endingFailure('cancelled', `The notification ended as ${state} before this was done.`);
}

function endingFailure(code: 'expired' | 'cancelled', detail: string): Failure {
  return {
    code,
    source: 'api',
    class: 'permanent',
    scope: 'notification',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail,
    provider: null,
    errors: [],
  };
}

/** Nobody is pending in a batch that has ended: who was not reached was cancelled. */
function endCounts(job: Job): BatchCounts | null {
  return job.counts === null ? null : { ...job.counts, pending: 0 };
}
