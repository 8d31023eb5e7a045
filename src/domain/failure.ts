import type { ErrorClass, ProblemPart, ProblemSource, ProviderError } from './problems/problem.ts';

/**
 * A fault of the network or of our own, before any HTTP answer could be read. `withdrawn` = the caller's `beforeWrite`
 * refused: nothing was written, and nothing is known of the destination.
 */
export type NetworkFault =
  | 'connection_refused'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'reset_before_body'
  | 'reset_after_body'
  | 'url_not_allowed'
  | 'withdrawn';

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

/**
 * One failure, classified: everything a decision needs and everything the problem document will say.
 * `maxRetries` null = the channel's `numRetries`; `retryAfterMs` null = the class's own back-off.
 */
export interface Failure {
  readonly code: string;
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
