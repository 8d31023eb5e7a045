import { type Failure, isLocalFault } from '../../failure.ts';
import { backoffMs, localDelayMs } from '../../retry.ts';

/**
 * First waits with ±20 % jitter, so that the shortest are what FCM asks for: 10 s after a failure, 60 s after a throttled
 * answer that names no time (Firebase, "Best practices when sending FCM messages at scale").
 */
const retryInitialMs = 12_500;
const throttledInitialMs = 75_000;
const maxWaitMs = 600_000;
/** How soon a batch looks at a paused channel again: a quarter of the time that it has been paused. */
const firstLookMs = 5_000;
const lastLookMs = 60_000;

/** `times` = failures before this one that count. The answer's own word goes first. */
export function pushDelayMs(
  failure: Pick<Failure, 'code' | 'class' | 'retryAfterMs'>,
  times: number,
  random: () => number,
): number {
  if (isLocalFault(failure.code)) return localDelayMs(times, random);
  if (failure.retryAfterMs !== null && failure.retryAfterMs > 0) return Math.ceil(failure.retryAfterMs);
  const initialMs = failure.class === 'throttled' ? throttledInitialMs : retryInitialMs;
  return backoffMs({ attempt: times + 1, initialMs, maxMs: maxWaitMs, random });
}

export function lookAgainMs(pausedForMs: number): number {
  return Math.min(Math.max(pausedForMs / 4, firstLookMs), lastLookMs);
}
