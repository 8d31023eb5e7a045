import { startGraceMs } from '../acceptance.ts';
import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { retryable, type RunAgain, runAgain, runAgainEntry } from '../run-again.ts';
import { mayStillBeSent } from './interruption.ts';
import { buildKpiValue } from './kpi.ts';

const cancellable = new Set(['scheduled', 'queued', 'held']);

/** Cancels what is not on the wire. Null = too late: it is being sent, may be about to be, was sent, or has ended. */
export function cancelMessage(job: Job, now: Date, numRetries: number): JobChange | null {
  if (!cancellable.has(job.state) || mayStillBeSent(job, now)) return null;
  return {
    set: { ...endingAt(now), state: 'cancelled', error: null },
    timeline: [{ type: 'message.cancelled', title: 'Cancelled by the caller' }],
    events: ['message.cancelled'],
    kpi: [buildKpiValue({ event: 'cancelled', job, now, numRetries })],
    problems: [],
  };
}

/** Ends a message because another one of its group has failed for good. */
export function cancelByGroup(input: {
  readonly job: Job;
  readonly problem: Problem;
  readonly now: Date;
  readonly numRetries: number;
}): JobChange {
  const { job, problem, now, numRetries } = input;
  return {
    set: { ...endingAt(now), state: 'cancelled', error: problem },
    timeline: [{ type: 'message.cancelled', title: `Cancelled: ${problem.title}`, detail: { code: problem.code } }],
    events: ['message.cancelled'],
    kpi: [buildKpiValue({ event: 'cancelled', job, now, numRetries, problem, recoverable: false })],
    problems: [problem],
  };
}

const triedAtOnce: ReadonlySet<string> = new Set(['retry', 'template']);

/**
 * Tries a message, in or out, at once that waits for a retry or for its template, and lets it live until `expiresAt` (null = as
 * long as before). Null = it waits for something else, or for nothing.
 */
export function retryNow(job: Job, now: Date, expiresAt: Date | null = null): JobChange | null {
  if (job.state !== 'held' || job.waitingFor === null || !triedAtOnce.has(job.waitingFor.reason)) return null;
  return {
    ...noChange,
    set: {
      waitingFor: { ...job.waitingFor, until: now },
      nextAttemptAt: now,
      expiresAt: expiresAt ?? job.expiresAt,
      wakeAt: new Date(now.getTime() + startGraceMs),
    },
    timeline: [{ type: 'job.retried', title: 'Tried at once by an operator' }],
    isDue: true,
  };
}

/**
 * Makes a failed, expired or cancelled message run again, with its retries unused. Null = it has not ended that way. With
 * a `startsAt` it is scheduled until then, and no one of its conversation waits for it.
 */
export function retryMessage(job: Job, now: Date, asked: RunAgain = {}): JobChange | null {
  if (!retryable.has(job.state)) return null;
  return {
    ...noChange,
    set: {
      ...runAgain(job, now, asked),
      retriesUsed: 0,
      throttledInARow: 0,
      queuedAt: now,
      rateSlotAt: null,
      deliveryConfirmed: null,
    },
    timeline: [runAgainEntry],
    isDue: (asked.startsAt ?? null) === null,
  };
}
