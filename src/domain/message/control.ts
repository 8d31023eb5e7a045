import { endingAt, type Job, type JobChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { buildKpiValue } from './kpi.ts';
import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';

const cancellable = new Set(['scheduled', 'queued', 'held']);
const retryable = new Set(['failed', 'expired', 'cancelled']);

/** Cancels what is not on the wire. Null = too late: it is being sent, was sent, or has ended. */
export function cancelMessage(job: Job, now: Date, numRetries: number): JobChange | null {
  if (!cancellable.has(job.state)) return null;
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

/**
 * Makes a failed, expired or cancelled message run again at once, with its retries unused and, where its time-to-live has
 * passed, a new one. Null = it has not ended that way.
 */
export function retryMessage(job: Job, now: Date): JobChange | null {
  if (!retryable.has(job.state)) return null;
  const hasExpired = job.expiresAt.getTime() <= now.getTime();
  return {
    set: {
      state: 'queued',
      terminal: false,
      waitingFor: null,
      retriesUsed: 0,
      throttledInARow: 0,
      nextAttemptAt: null,
      sendAt: null,
      queuedAt: now,
      rateSlotAt: null,
      error: null,
      finishedAt: null,
      expiresAt: hasExpired ? new Date(now.getTime() + defaultTimeToLiveMs) : job.expiresAt,
      wakeAt: new Date(now.getTime() + startGraceMs),
    },
    timeline: [{ type: 'job.retried', title: 'Run again by an operator' }],
    events: [],
    kpi: [],
    problems: [],
  };
}
