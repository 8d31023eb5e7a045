import type { Outage } from '../circuit-breaker.ts';
import { type Failure, isLocalFault } from '../failure.ts';
import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { describeGivingUp } from '../message/ending-failures.ts';
import { buildKpiValue } from '../message/kpi.ts';
import { wakeGraceMs } from '../message/outcome.ts';
import type { Problem } from '../problems/problem.ts';
import { backoffMs, localDelayMs, outageWait } from '../retry.ts';

/** The bot has taken the message; its replies are messages of their own. */
export function recordRelayed(counts: { replies: number; ignored: number }, now: Date): JobChange {
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'completed', error: null },
    timeline: [{ type: 'inbound.completed', title: 'Relayed to the bot', detail: { ...counts } }],
  };
}

/** When a message is tried at the bot again. */
interface RetryPlan {
  readonly until: Date;
  readonly reason: 'retry' | 'outage';
  readonly usesRetry: boolean;
}

/** Null = never: the bot's answer was no reply, or the channel's retries are used up. `outage` null = the bot has answered. */
export function planRetry(input: {
  readonly job: Job;
  readonly failure: Failure;
  readonly outage: Outage | null;
  readonly limits: { readonly numRetries: number; readonly retryInitialMs: number; readonly retryMaxMs: number };
  readonly now: Date;
  readonly random: () => number;
}): RetryPlan | null {
  const { job, failure, outage, limits, now, random } = input;
  const { attempts, retriesUsed, expiresAt } = job;
  const { numRetries, retryInitialMs: initialMs, retryMaxMs: maxMs } = limits;
  const after = (ms: number) => new Date(Math.min(now.getTime() + ms, expiresAt.getTime()));
  if (isLocalFault(failure.code)) {
    const until = after(localDelayMs(attempts - 1 - retriesUsed, random));
    return { until, reason: 'retry', usesRetry: false };
  }
  const usesRetry = outage === null || outage.usesRetry;
  if (failure.class !== 'transient' || (usesRetry && retriesUsed >= numRetries)) return null;
  const bounds = { initialMs, maxMs, random };
  const { retryAfterMs } = failure;
  if (outage === null) {
    const waitMs = Math.max(backoffMs({ attempt: retriesUsed + 1, ...bounds }), retryAfterMs ?? 0);
    return { until: after(waitMs), reason: 'retry', usesRetry };
  }
  const { waitMs, reason } = outageWait({
    outage,
    attempts,
    retriesUsed,
    retryAfterMs,
    nowMs: now.getTime(),
    ...bounds,
  });
  return { until: after(waitMs), reason, usesRetry };
}

/** One failure at the bot. `plan` null = the message ends with it, and the next of its conversation may go. */
export function recordBotFailure(input: {
  readonly job: Job;
  readonly problem: Problem;
  readonly plan: RetryPlan | null;
  readonly now: Date;
  readonly numRetries: number;
}): JobChange {
  const { job, problem, plan, now, numRetries } = input;
  const willRetry = plan !== null;
  // A fault of our own is no error of the bot's.
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
  if (plan === null) {
    const gaveUp = problem.class === 'transient' ? `, ${describeGivingUp(job, now)}` : '';
    return {
      set: { ...endingAt(now), state: 'failed', error: problem },
      timeline: [{ type: 'inbound.failed', title: `Failed: ${problem.title}${gaveUp}`, detail }],
      events: ['inbound.failed'],
      kpi,
      problems: [problem],
    };
  }
  const { until, reason, usesRetry } = plan;
  return {
    set: {
      state: 'held',
      error: problem,
      waitingFor: { reason, until, detail: problem.title },
      nextAttemptAt: until,
      retriesUsed: job.retriesUsed + (usesRetry ? 1 : 0),
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
    events: ['inbound.expired'],
    kpi: [buildKpiValue({ event: 'inbound_error', job, now, numRetries, problem, recoverable: false })],
    problems: [problem],
  };
}
