import type { ErrorClass } from './problems/problem.ts';

/** An exponential back-off: `initialMs`, times `coefficient` with each try, up to `maximumMs`; ± `jitter` of it. */
export interface Backoff {
  readonly initialMs: number;
  readonly coefficient: number;
  readonly maximumMs: number;
  readonly jitter: number;
}

/**
 * What sets the wait before the next try. `backoff`: the back-off, or the answer's `Retry-After` where that is longer.
 * `answer`: the answer's `Retry-After`, else the rule of its scope, else the back-off. `window`: the time in which a status
 * may tell that it went out after all, as a part of the back-off. `resume`: the channel's next resume. `never`: there is none.
 */
export type RetryWait = 'backoff' | 'answer' | 'window' | 'resume' | 'never';

/** What an error class means for the next try of a message, in or out. */
export interface RetryRule {
  readonly wait: RetryWait;
  /** Null = nothing is computed. The numbers are defaults: the channel's settings hold. */
  readonly backoff: Backoff | null;
  /** A resend uses up one of the channel's `numRetries`; where the destination is at fault: `readOutage`. */
  readonly countsAsRetry: boolean;
  /** What sets the wait, in words, with the names of the channel's settings. */
  readonly delay: string;
  /** What ends the tries. */
  readonly bound: string;
  /** The same for one line of a list. */
  readonly short: string;
  /** In the API and in Temporal. */
  readonly operatorSees: string;
}

/** Of channels that say nothing else. */
export const usualBackoff: Backoff = { initialMs: 1_000, coefficient: 2, maximumMs: 600_000, jitter: 0.2 };
export const usualRetries = 5;
export const usualAmbiguousWindowMs = 10_000;
/** After a fault of our own that kept a call from being made: it uses up no retry. */
export const localBackoff: Backoff = { ...usualBackoff, maximumMs: 30_000 };

const whenResumed = {
  wait: 'resume',
  backoff: null,
  countsAsRetry: false,
  delay: 'until the channel resumes: people have to act',
  bound: '`expiresAt`',
  short: 'when the channel resumes',
  operatorSees: '`held`, reason `channel_paused`: a row, and no workflow; the channel is paused and says why',
} as const satisfies RetryRule;

/** Error class → retry policy. Decisions, Temporal's policies, the problem pages and docs/errors.md are made of it. */
export const retryTable: Readonly<Record<ErrorClass, RetryRule>> = {
  transient: {
    wait: 'backoff',
    backoff: usualBackoff,
    countsAsRetry: true,
    delay:
      'back-off from `retryInitialMs` up to `retryMaxMs` (in an outage up to 60 s), or `Retry-After` where that is longer',
    bound: '`numRetries` of the channel, or fewer where the code says so; in an outage `expiresAt` alone',
    short: 'back-off, ≤ `numRetries`',
    operatorSees:
      '`held`, reason `retry`, or `outage` while the breaker is open; a pending activity of type `transient`',
  },
  throttled: {
    wait: 'answer',
    backoff: usualBackoff,
    countsAsRetry: false,
    delay: 'what the answer says (`Retry-After`); else 4^n s for a pair limit; else the back-off',
    bound: '`expiresAt`',
    short: 'after the wait, until `expiresAt`; uses up no retries',
    operatorSees:
      '`held`, reason `rate_limit`; the throttled message is a pending activity of type `throttled`, the others of its scope are rows',
  },
  ambiguous: {
    wait: 'window',
    backoff: usualBackoff,
    countsAsRetry: true,
    delay:
      '`ambiguousWindowMs` for a status with our id, then by `ambiguousPolicy`: sent again and marked, no sooner than the back-off, or `outcome_unknown`; by callback as transient',
    bound: '`numRetries` of the channel while the breaker is closed; `expiresAt`',
    short: 'after the window, by `ambiguousPolicy`; by callback as transient',
    operatorSees: '`held`, reason `retry`; a pending activity of type `ambiguous`',
  },
  permanent: {
    wait: 'never',
    backoff: null,
    countsAsRetry: false,
    delay: 'none',
    bound: 'at once',
    short: 'no',
    operatorSees: '`failed`; its own workflow has failed with the problem',
  },
  configuration: whenResumed,
  policy: whenResumed,
};
