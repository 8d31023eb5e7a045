import type { Outage } from '../circuit-breaker.ts';
import { type Failure, isLocalFault } from '../failure.ts';
import { backoffMs, localDelayMs, outageWait, throttleDelayMs } from '../retry.ts';
import { retryTable } from '../retry-table.ts';
import { classifyProvider, type ErrorOverrides } from '../problems/classify.ts';
import { outcomeUnknownFailure } from './kernel-failure.ts';

/** The channel's own bounds. */
export interface RetryLimits {
  readonly numRetries: number;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
  readonly ambiguousWindowMs: number;
  readonly ambiguousPolicy: 'resend' | 'fail';
}

/** `retriesUsed` = resends that counted so far, 0 at the first failure; `random` gives [0, 1). */
interface Timing {
  readonly retriesUsed: number;
  readonly limits: RetryLimits;
  readonly nowMs: number;
  readonly expiresAtMs: number;
  readonly random: () => number;
}

/**
 * One failure and all that its consequence depends on. `throttledInARow` = throttled answers directly before this one;
 * `attempts` counts this one.
 */
export interface Situation extends Timing {
  readonly failure: Failure;
  readonly throttledInARow: number;
  readonly attempts: number;
  /** Null = the destination has answered, or it was not called. */
  readonly outage: Outage | null;
  /**
   * Kernel says that the window is closed, and the channel holds such messages; `reopened` = the person has written since. Left
   * out = it says something else.
   */
  readonly outside?: 'closed' | 'reopened' | undefined;
  readonly isNotice: boolean;
  readonly alreadyInformedGroup: boolean;
}

/** What the KPI event says. `willRetry` false on a wait = the message expires before the wait would have ended. */
interface Told {
  readonly informUser: boolean;
  readonly recoverable: boolean;
  readonly willRetry: boolean;
}

/**
 * What happens next. `retry`: wait `delayMs`, then send again; but after the wait of an `ambiguous_window`, in which the
 * message may turn out to have arrived, ask `decideAfterAmbiguousWindow` first. `hold`: this message alone waits for people,
 * as its template is at fault and others go on. `hold_for_window`: it waits for the person to write. `pause_channel`: hold this
 * message and its channel. `fail`: the job's error is the failure at hand, or `newFailure` where that is not null.
 */
export type Decision =
  | (Told & {
      readonly next: 'retry';
      readonly delayMs: number;
      readonly reason: 'retry' | 'rate_limit' | 'outage' | 'ambiguous_window';
      readonly countsAsRetry: boolean;
      readonly possibleDuplicate: boolean;
    })
  | (Told & { readonly next: 'pause_channel' | 'hold' | 'hold_for_window' })
  | (Told & { readonly next: 'fail'; readonly newFailure: Failure | null; readonly outOfRetries: boolean });

/** The bridge's matrix: source and class of a failure → what becomes of the message and who is told. */
export function decideAfterFailure(situation: Situation): Decision {
  const { failure, limits, outage } = situation;
  const mayBeResent = outage?.usesRetry === false || hasRetriesLeft(situation, failure.maxRetries);
  if (isLocalFault(failure.code)) {
    const delayMs = localDelayMs(situation.attempts - 1 - situation.retriesUsed, situation.random);
    return { ...retry(situation, delayMs, 'retry'), countsAsRetry: false };
  }
  if (failure.source === 'rendering') return fail(situation, false);
  if (situation.outside === 'closed')
    return { next: 'hold_for_window', informUser: false, recoverable: true, willRetry: true };
  if (situation.outside === 'reopened')
    return { ...retry(situation, nextBackoffMs(situation), 'retry'), countsAsRetry: false };
  switch (retryTable[failure.class].wait) {
    case 'never':
      return fail(situation, false);
    case 'resume': {
      const next = failure.scope === 'template' ? 'hold' : 'pause_channel';
      return { next, informUser: false, recoverable: true, willRetry: true };
    }
    case 'answer': {
      const throttledBefore = situation.throttledInARow;
      const delayMs = throttleDelayMs({ failure, throttledBefore, ...backoffLimits(situation) });
      return retry(situation, delayMs, 'rate_limit');
    }
    case 'window': {
      const windowMs = Math.max(limits.ambiguousWindowMs, failure.retryAfterMs ?? 0);
      const wait = retry(situation, windowMs, 'ambiguous_window');
      const isResent = limits.ambiguousPolicy === 'resend' && mayBeResent;
      return isResent ? wait : { ...wait, recoverable: false, willRetry: false };
    }
    case 'backoff':
      if (!mayBeResent) return fail(situation, true);
      if (outage !== null) {
        const { attempts, retriesUsed, nowMs } = situation;
        const { retryAfterMs } = failure;
        const timing = { outage, attempts, retriesUsed, retryAfterMs, nowMs, ...backoffLimits(situation) };
        const { waitMs, reason } = outageWait(timing);
        return { ...retry(situation, waitMs, reason), countsAsRetry: outage.usesRetry };
      }
      return retry(situation, Math.max(nextBackoffMs(situation), failure.retryAfterMs ?? 0), 'retry');
  }
}

/** What is still known once the window has passed: `last` is the ambiguous failure, or the problem made of it. */
export interface WindowSituation extends Timing {
  readonly last: Pick<Failure, 'detail' | 'provider'>;
  readonly overrides: ErrorOverrides;
  /** It is sent again as a probe, or when the outage is over. */
  readonly isOutage: boolean;
}

/**
 * The second half for an ambiguous failure: no status came, and the channel's policy decides. A resend is never sooner
 * after the failure than the back-off, of which the window is a part; it may be a duplicate.
 */
export function decideAfterAmbiguousWindow(situation: WindowSituation): Decision {
  const { last, overrides, limits, isOutage } = situation;
  const ended = { next: 'fail', informUser: false, recoverable: false, willRetry: false } as const;
  if (limits.ambiguousPolicy === 'fail') {
    return { ...ended, newFailure: outcomeUnknownFailure(last), outOfRetries: false };
  }
  const providerCode = last.provider?.code ?? null;
  const { maxRetries } = classifyProvider({ providerCode, httpStatus: null, fault: null, overrides });
  if (!isOutage && !hasRetriesLeft(situation, maxRetries)) return { ...ended, newFailure: null, outOfRetries: true };
  const delayMs = isOutage ? 0 : Math.max(nextBackoffMs(situation) - limits.ambiguousWindowMs, 0);
  return { ...retry(situation, delayMs, 'retry'), possibleDuplicate: true, countsAsRetry: !isOutage };
}

/** A code may be allowed fewer retries than the channel, never more. */
function hasRetriesLeft({ retriesUsed, limits }: Timing, maxRetries: number | null): boolean {
  return retriesUsed < Math.min(maxRetries ?? limits.numRetries, limits.numRetries);
}

function backoffLimits({ limits, random }: Timing) {
  return { initialMs: limits.retryInitialMs, maxMs: limits.retryMaxMs, random };
}

function nextBackoffMs(timing: Timing): number {
  return backoffMs({ attempt: timing.retriesUsed + 1, ...backoffLimits(timing) });
}

type Retry = Extract<Decision, { next: 'retry' }>;

/** Nothing waits past its expiry: a wait that would is cut there, and the claim of the next send finds it expired. */
function retry({ nowMs, expiresAtMs }: Timing, wantedMs: number, reason: Retry['reason']): Retry {
  const leftMs = Math.max(expiresAtMs - nowMs, 0);
  return {
    next: 'retry',
    delayMs: Math.min(wantedMs, leftMs),
    reason,
    countsAsRetry: reason === 'retry',
    possibleDuplicate: false,
    informUser: false,
    recoverable: true,
    willRetry: wantedMs < leftMs,
  };
}

/** Kernel's own failures never inform, for the path is broken; a notice is never about a notice; one a group is enough. */
function fail({ failure, isNotice, alreadyInformedGroup }: Situation, outOfRetries: boolean): Decision {
  const concernsUser = failure.source === 'whatsapp' || failure.source === 'rendering';
  const informUser = concernsUser && failure.userCanBeTold && !isNotice && !alreadyInformedGroup;
  return { next: 'fail', newFailure: null, outOfRetries, informUser, recoverable: false, willRetry: false };
}
