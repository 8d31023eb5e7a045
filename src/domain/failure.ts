import type { ErrorClass, ProblemPart, ProblemSource, ProviderError } from './problems/problem.ts';

/**
 * Faults of our own: nothing was written, and nothing is known of the destination. They use up no retry, trip no circuit
 * breaker, and are tried again soon. `local_capacity` = no connection or name look-up of ours was free in time;
 * `withdrawn` = the caller changed its mind before the first byte. Each is a problem's code too.
 */
const localFaults = ['local_capacity', 'withdrawn'] as const;
type LocalFault = (typeof localFaults)[number];

/** A fault of the network or of our own, before any HTTP answer could be read. */
export type NetworkFault =
  | 'connection_refused'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'reset_before_body'
  | 'reset_after_body'
  | 'url_not_allowed'
  | LocalFault;

/**
 * What one call over HTTP came to. `answered` holds the status and the body's text up to the bound;
 * otherwise `fault` says what went wrong. `retryAfterMs` is the answer's `Retry-After` (seconds or date), null when absent.
 */
export type HttpOutcome =
  | {
      readonly answered: true;
      readonly status: number;
      readonly retryAfterMs: number | null;
      readonly body: string;
      /** Why `body` is not the whole of it; absent = it is. */
      readonly cutShort?: 'too_long' | 'broken';
      readonly durationMs: number;
    }
  | { readonly answered: false; readonly fault: NetworkFault; readonly detail: string; readonly durationMs: number };

/** Whether a fault, or the code of a failure or a problem, is one of our own. */
export function isLocalFault(name: string | null): name is LocalFault {
  return localFaults.some((fault) => fault === name);
}

/** Whether the call was never made, by a fault of our own. */
export function isUnsent(outcome: HttpOutcome): boolean {
  return !outcome.answered && isLocalFault(outcome.fault);
}

/**
 * One failure, classified: everything a decision needs and everything the problem document will say.
 * `maxRetries` null = the channel's `numRetries`; `retryAfterMs` null = the class's own back-off.
 */
export interface Failure {
  readonly code: string;
  /** Where the code means more than one thing; left out = the title of the code. */
  readonly title?: string;
  readonly source: ProblemSource;
  readonly class: ErrorClass;
  readonly scope: string;
  readonly userCanBeTold: boolean;
  readonly maxRetries: number | null;
  readonly retryAfterMs: number | null;
  readonly httpStatus: number | null;
  readonly detail: string;
  readonly provider: ProviderError | null;
  readonly errors: readonly ProblemPart[];
}

/** A fault of our own as a failure; it is Waypost's (`api`), whoever was to be called. */
export function localFailure(fault: LocalFault, detail: string): Failure {
  return {
    code: fault,
    source: 'api',
    class: 'transient',
    scope: 'message',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail,
    provider: null,
    errors: [],
  };
}
