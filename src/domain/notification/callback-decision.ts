import type { Failure, HttpOutcome } from '../failure.ts';
import type { ErrorClass } from '../problems/problem.ts';

/** Statuses that say "not now" rather than "never" (RFC 9110, RFC 6585, RFC 8470). */
const retryStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429]);

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
  if (outcome.answered && outcome.status >= 200 && outcome.status <= 299) return { next: 'delivered' };
  const failure = describeOutcome(outcome);
  if (failure.class !== 'transient' && failure.class !== 'throttled') return { next: 'refused', failure };
  const waitSeconds = input.scheduleSeconds[input.tries];
  if (waitSeconds === undefined) return { next: 'exhausted', failure };
  return { next: 'retry', failure, delayMs: Math.max(waitSeconds * 1000, failure.retryAfterMs ?? 0) };
}

function describeOutcome(outcome: HttpOutcome): Failure {
  const base = {
    source: 'integrator',
    scope: 'integration',
    userCanBeTold: false,
    maxRetries: null,
    provider: null,
    errors: [],
  } as const;
  if (outcome.answered) {
    return {
      ...base,
      code: 'endpoint_http_error',
      class: classifyStatus(outcome.status),
      retryAfterMs: outcome.retryAfterMs,
      httpStatus: null,
      detail: `The integrator answered with HTTP status ${outcome.status}.`,
    };
  }
  const isForbidden = outcome.fault === 'url_not_allowed';
  const code = isForbidden
    ? 'url_not_allowed'
    : outcome.fault === 'timeout'
      ? 'endpoint_timeout'
      : 'endpoint_unreachable';
  const errorClass = isForbidden ? 'configuration' : 'transient';
  return { ...base, code, class: errorClass, retryAfterMs: null, httpStatus: null, detail: outcome.detail };
}

function classifyStatus(status: number): ErrorClass {
  if (status === 429) return 'throttled';
  return status >= 500 || retryStatuses.has(status) ? 'transient' : 'permanent';
}
