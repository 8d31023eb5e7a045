import { type Failure, isLocalFault } from '../failure.ts';
import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { buildKpiValue } from '../message/kpi.ts';
import { wakeGraceMs } from '../message/outcome.ts';
import type { Problem } from '../problems/problem.ts';
import { backoffMs, localDelayMs } from '../retry.ts';

/** The bot has taken the message; its replies are messages of their own. */
export function recordRelayed(counts: { replies: number; ignored: number }, now: Date): JobChange {
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'completed', error: null },
    timeline: [{ type: 'inbound.completed', title: 'Relayed to the bot', detail: { ...counts } }],
  };
}

/** When to try the bot again; null = never: its answer was no reply, or the channel's retries are used up. */
export function planRetry(input: {
  readonly job: Job;
  readonly failure: Failure;
  readonly limits: { readonly numRetries: number; readonly retryInitialMs: number; readonly retryMaxMs: number };
  readonly now: Date;
  readonly random: () => number;
}): Date | null {
  const { job, failure, limits, now, random } = input;
  if (isLocalFault(failure.code)) {
    const delayMs = localDelayMs(job.attempts - 1 - job.retriesUsed, random);
    return new Date(Math.min(now.getTime() + delayMs, job.expiresAt.getTime()));
  }
  if (failure.class !== 'transient' || job.retriesUsed >= limits.numRetries) return null;
  const { retryInitialMs: initialMs, retryMaxMs: maxMs } = limits;
  const backoff = backoffMs({ attempt: job.retriesUsed + 1, initialMs, maxMs, random });
  const waitMs = Math.max(backoff, failure.retryAfterMs ?? 0);
  return new Date(Math.min(now.getTime() + waitMs, job.expiresAt.getTime()));
}

/** One failure at the bot. `until` null = the message ends with it, and the next of its conversation may go. */
export function recordBotFailure(input: {
  readonly job: Job;
  readonly problem: Problem;
  readonly until: Date | null;
  readonly now: Date;
  readonly numRetries: number;
}): JobChange {
  const { job, problem, until, now, numRetries } = input;
  const willRetry = until !== null;
  // A fault of our own is no error of the bot's, and it uses up none of the retries.
  const isLocal = isLocalFault(problem.code);
  const told = buildKpiValue({
    event: 'inbound_error',
    job,
    now,
    numRetries,
    problem,
    recoverable: willRetry,
    willRetry,
  });
  const kpi = isLocal ? [] : [told];
  const detail = { code: problem.code, attempt: job.attempts };
  if (until === null) {
    return {
      set: { ...endingAt(now), state: 'failed', error: problem },
      timeline: [{ type: 'inbound.failed', title: `Failed: ${problem.title}`, detail }],
      events: ['inbound.failed'],
      kpi,
      problems: [problem],
    };
  }
  return {
    set: {
      state: 'held',
      error: problem,
      waitingFor: { reason: 'retry', until, detail: problem.title },
      nextAttemptAt: until,
      retriesUsed: job.retriesUsed + (isLocal ? 0 : 1),
      wakeAt: new Date(until.getTime() + wakeGraceMs),
    },
    timeline: [
      {
        type: 'inbound.retry_scheduled',
        title: `Will be tried again: ${problem.title}`,
        detail: { ...detail, until: until.toISOString() },
      },
    ],
    events: [],
    kpi,
    problems: [problem],
  };
}

/** Its time-to-live has passed before the bot took it. */
export function expireInbound(job: Job, problem: Problem, now: Date, numRetries: number): JobChange {
  return {
    set: { ...endingAt(now), state: 'expired', error: problem },
    timeline: [{ type: 'inbound.expired', title: 'Expired before the bot took it', detail: { code: problem.code } }],
    events: ['inbound.failed'],
    kpi: [buildKpiValue({ event: 'inbound_error', job, now, numRetries, problem, recoverable: false })],
    problems: [problem],
  };
}
