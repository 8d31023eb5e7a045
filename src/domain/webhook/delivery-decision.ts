import { canBeTriedAgain, describeEndpointFailure, isGone, isTaken } from '../endpoint-failure.ts';
import type { Failure, HttpOutcome } from '../failure.ts';

/** `failed`: it will not be tried again, refused for good or out of tries. `gone`: the endpoint wants nothing any more. */
export type DeliveryDecision =
  | { readonly next: 'delivered' }
  | { readonly next: 'retry'; readonly failure: Failure; readonly delayMs: number }
  | { readonly next: 'failed'; readonly failure: Failure; readonly isOutOfTries: boolean }
  | { readonly next: 'gone'; readonly failure: Failure };

/** The wait before a try, ±20 %: so that what failed together does not come again together. */
export function scheduledDelayMs(waitSeconds: number, random: () => number): number {
  return Math.floor(waitSeconds * 1_000 * (0.8 + 0.4 * random()));
}

/**
 * What becomes of a delivery after a try. `tries` counts this one; `scheduleSeconds[n]` is the wait before try n + 1, and
 * the answer's `Retry-After` may make it longer.
 */
export function decideDelivery(input: {
  readonly outcome: HttpOutcome;
  readonly tries: number;
  readonly scheduleSeconds: readonly number[];
  readonly random: () => number;
}): DeliveryDecision {
  const { outcome, tries, scheduleSeconds, random } = input;
  if (isTaken(outcome)) return { next: 'delivered' };
  const failure = describeEndpointFailure(outcome, { source: 'webhook', scope: 'webhook', name: 'endpoint' });
  if (isGone(outcome)) return { next: 'gone', failure: { ...failure, code: 'endpoint_gone' } };
  if (!canBeTriedAgain(failure)) return { next: 'failed', failure, isOutOfTries: false };
  const waitSeconds = scheduleSeconds[tries];
  if (waitSeconds === undefined) return { next: 'failed', failure, isOutOfTries: true };
  const delayMs = Math.max(scheduledDelayMs(waitSeconds, random), failure.retryAfterMs ?? 0);
  return { next: 'retry', failure, delayMs };
}
