import { type Failure, type HttpOutcome, isLocalFault, localFailure } from '../failure.ts';
import type { ProblemSource } from '../problems/problem.ts';

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

/**
 * What an outcome that is no success says as a failure. All of them pass but 410: a 404 or a 401 is the most usual outage of
 * a receiver, and an address that may not be called today may be another one tomorrow. A fault of our own is none of the
 * endpoint's: whoever has a schedule asks `isUnsent` first.
 */
export function describeEndpointFailure(outcome: HttpOutcome, owner: EndpointOwner): Failure {
  const base = {
    source: owner.source,
    scope: owner.scope,
    userCanBeTold: false,
    maxRetries: null,
    httpStatus: null,
    provider: null,
    errors: [],
  } as const;
  if (!outcome.answered) {
    const { fault, detail } = outcome;
    if (isLocalFault(fault)) return localFailure(fault, detail);
    const isForbidden = fault === 'url_not_allowed';
    const code = isForbidden ? fault : fault === 'timeout' ? 'endpoint_timeout' : 'endpoint_unreachable';
    return { ...base, code, class: isForbidden ? 'configuration' : 'transient', retryAfterMs: null, detail };
  }
  const detail = `The ${owner.name} answered with HTTP status ${outcome.status}.`;
  if (isGone(outcome)) return { ...base, code: 'endpoint_gone', class: 'permanent', retryAfterMs: null, detail };
  return {
    ...base,
    code: 'endpoint_http_error',
    class: outcome.status === 429 ? 'throttled' : 'transient',
    retryAfterMs: outcome.retryAfterMs,
    detail,
  };
}
