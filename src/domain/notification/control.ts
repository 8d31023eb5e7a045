import type { Failure } from '../failure.ts';
import { type BatchCounts, endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { describeHold } from '../message/ending-failures.ts';
import type { Problem } from '../problems/problem.ts';
import { retryable, type RunAgain, runAgain, runAgainEntry } from '../run-again.ts';

/**
 * What a look at a running batch allowed to be sent is written within this time or never. So whoever ends a batch can say
 * after as long, at the latest, that nothing of it is begun any more.
 */
export const writeWithinMs = 5_000;

/** Stops what is not done yet; its workflow marks who is left out. Null = too late: the batch has ended. */
export function cancelBatch(job: Job, now: Date): JobChange | null {
  if (job.terminal) return null;
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'cancelled', error: null, counts: endCounts(job) },
    timeline: [{ type: 'notification.cancelled', title: 'Cancelled by the caller' }],
    events: ['notification.cancelled'],
    isDue: true,
  };
}

/** Makes a batch run again for those who were not reached. Null = it reached all, or has not ended. */
export function retryBatch(job: Job, now: Date, asked: RunAgain = {}): JobChange | null {
  if (!retryable.has(job.state)) return null;
  return {
    ...noChange,
    set: { ...runAgain(job, now, asked), queuedAt: now },
    timeline: [runAgainEntry],
    isDue: (asked.startsAt ?? null) === null,
  };
}

export function expireBatch(job: Job, problem: Problem, now: Date): JobChange {
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'expired', error: problem, counts: endCounts(job) },
    timeline: [{ type: 'notification.expired', title: 'Expired before it was done', detail: { code: problem.code } }],
    events: ['notification.expired'],
    problems: [problem],
  };
}

/** Ends a batch that cannot go on, with who was not reached. */
export function failBatch(job: Job, problem: Problem, now: Date): JobChange {
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'failed', error: problem, counts: endCounts(job) },
    timeline: [{ type: 'notification.failed', title: `Failed: ${problem.title}`, detail: { code: problem.code } }],
    events: ['notification.failed'],
    problems: [problem],
  };
}

export function expiredBatchFailure(job: Job): Failure {
  const expired = `The notification was not done before it expired at ${job.expiresAt.toISOString()}.`;
  return endingFailure('expired', [expired, ...describeHold(job, null)].join(' '));
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
