import { type Failure, type HttpOutcome, isLocalFault, localFailure } from './failure.ts';
import type { ErrorClass, ProblemSource } from './problems/problem.ts';

/** Statuses that say "not now" rather than "never" (RFC 9110, RFC 6585, RFC 8470). */
const retryStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429]);
const goneStatus = 410;

/** Whose URL it is: `name` stands in sentences ("The integrator answered …"). */
export interface EndpointOwner {
  readonly source: ProblemSource;
  readonly scope: string;
  readonly name: string;
}

export function isTaken(outcome: HttpOutcome): boolean {
  return outcome.answered && outcome.status >= 200 && outcome.status <= 299;
}

/** The endpoint says that it will never come back. */
export function isGone(outcome: HttpOutcome): boolean {
  return outcome.answered && outcome.status === goneStatus;
}

export function canBeTriedAgain(failure: Failure): boolean {
  return failure.class === 'transient' || failure.class === 'throttled';
}

/**
 * What an outcome that is no success says as a failure: 408, 409, 425, 429, 5xx and faults of the network can be tried
 * again; every other status, redirects included, and a URL that may not be called are final. A fault of our own
 * is none of the endpoint's: whoever has a schedule asks `isUnsent` first.
 */
export function describeEndpointFailure(outcome: HttpOutcome, owner: EndpointOwner): Failure {
  const base = {
    source: owner.source,
    scope: owner.scope,
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
      detail: `The ${owner.name} answered with HTTP status ${outcome.status}.`,
    };
  }
  if (isLocalFault(outcome.fault)) return localFailure(outcome.fault, outcome.detail);
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
