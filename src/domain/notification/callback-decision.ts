import { canBeTriedAgain, describeEndpointFailure, isTaken } from '../endpoint-failure.ts';
import type { Failure, HttpOutcome } from '../failure.ts';

/** `retry`: the next try is due `delayMs` from now. `exhausted`: it would have been tried again, but the schedule is over. */
export type CallbackDecision =
  | { readonly next: 'delivered' }
  | { readonly next: 'retry'; readonly failure: Failure; readonly delayMs: number }
  | { readonly next: 'exhausted'; readonly failure: Failure }
  | { readonly next: 'refused'; readonly failure: Failure };

/**
 * What becomes of an error callback after a try: 2xx ends it well; 408, 409, 425, 429, 5xx and faults of the network are
 * tried again on the integration's schedule, no earlier than the answer's `Retry-After`; everything else is final.
 * `tries` counts this one; `scheduleSeconds[n]` is the wait before try n + 1.
 */
export function decideCallback(input: {
  readonly outcome: HttpOutcome;
  readonly tries: number;
  readonly scheduleSeconds: readonly number[];
}): CallbackDecision {
  const { outcome } = input;
  if (isTaken(outcome)) return { next: 'delivered' };
  const failure = describeEndpointFailure(outcome, { source: 'integrator', scope: 'integration', name: 'integrator' });
  if (!canBeTriedAgain(failure)) return { next: 'refused', failure };
  const waitSeconds = input.scheduleSeconds[input.tries];
  if (waitSeconds === undefined) return { next: 'exhausted', failure };
  return { next: 'retry', failure, delayMs: Math.max(waitSeconds * 1000, failure.retryAfterMs ?? 0) };
}
