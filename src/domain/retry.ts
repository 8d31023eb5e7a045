import { longestIntervalMs, type Outage } from './circuit-breaker.ts';
import { type Backoff, localBackoff, usualBackoff } from './retry-table.ts';

/** The scope of a limit on one sender and one recipient, as the error table names it. */
const pairScope = 'number+recipient';

/** 4^8 s is 18 hours, close to the longest usual life of a message. */
const maxPairExponent = 8;

/** Keeps 2^n finite; every real `maxMs` is reached long before. */
const maxBackoffExponent = 50;

/** `attempt` counts from 1; `random` gives [0, 1). */
export interface BackoffInput {
  readonly attempt: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly random: () => number;
}

/** Exponential back-off with the table's coefficient and jitter; whole milliseconds, never negative. */
export function backoffMs({ attempt, initialMs, maxMs, random }: BackoffInput): number {
  const { coefficient, jitter }: Backoff = usualBackoff;
  const exponent = Math.min(Math.max(attempt - 1, 0), maxBackoffExponent);
  const plainMs = Math.min(initialMs * coefficient ** exponent, maxMs);
  return Math.max(Math.floor(plainMs * (1 - jitter + 2 * jitter * random())), 0);
}

/**
 * The wait after a fault of our own. `unsentBefore` = earlier tries that may have ended so: the more there are, the longer
 * a room that stays full is left alone.
 */
export function localDelayMs(unsentBefore: number, random: () => number): number {
  const { initialMs, maximumMs: maxMs } = localBackoff;
  return backoffMs({ attempt: unsentBefore + 1, initialMs, maxMs, random });
}

/** `attempts` counts the one that has just failed, `retriesUsed` those before it that counted. */
interface OutageInput extends Omit<BackoffInput, 'attempt'> {
  readonly outage: Outage;
  readonly attempts: number;
  readonly retriesUsed: number;
  readonly retryAfterMs: number | null;
  readonly nowMs: number;
}

/**
 * The wait after a failure of the destination: until its breaker lets the next call go, which has heard what the answer asked
 * for; while it is closed a back-off, short where it uses up no retry, for an outage that is over must not be waited out.
 */
export function outageWait(input: OutageInput): { readonly waitMs: number; readonly reason: 'retry' | 'outage' } {
  const { outage, attempts, retriesUsed, retryAfterMs, nowMs, initialMs, maxMs, random } = input;
  if (outage.probeAtMs !== null) return { waitMs: Math.max(outage.probeAtMs - nowMs, 0), reason: 'outage' };
  const longestMs = Math.min(Math.max(longestIntervalMs, initialMs), maxMs);
  const backoff = outage.usesRetry
    ? { attempt: retriesUsed + 1, initialMs, maxMs, random }
    : { attempt: attempts - retriesUsed, initialMs, maxMs: longestMs, random };
  return { waitMs: Math.max(backoffMs(backoff), retryAfterMs ?? 0), reason: 'retry' };
}

/** `throttledBefore` = throttled answers in a row before this one. */
export interface ThrottleInput extends Omit<BackoffInput, 'attempt'> {
  readonly failure: { readonly scope: string; readonly retryAfterMs: number | null };
  readonly throttledBefore: number;
}

/**
 * How long a throttled scope waits: what the answer says, else 4^n s for a pair (n = 0, 1, 2 …; Meta, pair rate limits),
 * else the back-off. A `Retry-After` of zero or of the past counts as unsaid, for throttling uses up no retries.
 */
export function throttleDelayMs({ failure, throttledBefore, initialMs, maxMs, random }: ThrottleInput): number {
  if (failure.retryAfterMs !== null && failure.retryAfterMs > 0) return Math.ceil(failure.retryAfterMs);
  if (failure.scope === pairScope) return 4 ** Math.min(throttledBefore, maxPairExponent) * 1_000;
  return backoffMs({ attempt: throttledBefore + 1, initialMs, maxMs, random });
}
