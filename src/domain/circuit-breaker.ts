import { type HttpOutcome, isLocalFault, type NetworkFault } from './failure.ts';

/** What a channel calls: its number at Kernel, and its bot. */
export type Destination = 'kernel' | 'bot';

/**
 * What a call says of its destination. `answered`: it is there, whatever it said. `unreachable`: nothing was done, for it
 * could not be reached or said so itself (503 without a code). `ambiguous`: it failed, and something may have been done (a
 * time-out, another 5xx without a code). `unsent`: it was not called.
 */
type CallResult = 'answered' | 'unreachable' | 'ambiguous' | 'unsent';

/** One call that has ended, as a circuit breaker counts it. `retryAfterMs` null = the answer asked for no wait. */
export interface EndedCall {
  readonly destination: Destination;
  readonly result: CallResult;
  readonly isProbe: boolean;
  readonly isTlsFault: boolean;
  readonly retryAfterMs: number | null;
}

/**
 * A circuit breaker, shared by all workers: a row of failures opens it, then one call at a time probes the destination, at
 * growing intervals, and the first answer closes it. A destination without trouble has none.
 */
export interface CircuitBreaker {
  /** Failures since the last answer. */
  readonly failures: number;
  /** Of them, failed TLS handshakes since the last other failure. */
  readonly tlsFailures: number;
  /** Null = it is closed. */
  readonly openedAt: Date | null;
  /** When the next probe may go; while one is under way, when it counts as lost. Null = it is closed. */
  readonly probeAt: Date | null;
  /** The last interval between two probes; 0 = it is closed. */
  readonly intervalMs: number;
  readonly isProbing: boolean;
}

export type BreakerState = 'closed' | 'open' | 'probing';

const failuresToOpen = 10;
const firstIntervalMs = 1_000;
/** Between two probes, and between two tries or looks of a message that waits for the end of an outage. */
export const longestIntervalMs = 60_000;
const jitter = 0.2;
/** A wait this short is none. */
const shortestWaitMs = 20;
/** A probe whose process died: a call (25 s at most) and its record are over by then. */
const probeLeaseMs = 60_000;
/** A handshake that fails once may be a restart; one that fails for minutes is a certificate that somebody has to mend. */
const tlsFailuresToPause = 20;

export const noFailures: CircuitBreaker = {
  failures: 0,
  tlsFailures: 0,
  openedAt: null,
  probeAt: null,
  intervalMs: 0,
  isProbing: false,
};

export function stateOf(breaker: CircuitBreaker | null): BreakerState {
  if (breaker === null || breaker.openedAt === null) return 'closed';
  return breaker.isProbing ? 'probing' : 'open';
}

/** Whether a call may go; `probe` = as the only one, if nobody takes the probe before it. `isForced` = before its time. */
export function admitCall(breaker: CircuitBreaker | null, now: Date, isForced: boolean): 'pass' | 'probe' | 'wait' {
  if (stateOf(breaker) === 'closed') return 'pass';
  return isForced || (breaker?.probeAt ?? now) <= dueBy(now) ? 'probe' : 'wait';
}

/** Whoever comes for a probe comes a little early at times. */
export function dueBy(now: Date): Date {
  return new Date(now.getTime() + shortestWaitMs);
}

/** A call that went as it should. */
export function answeredBy(destination: Destination, isProbe: boolean): EndedCall {
  return { destination, result: 'answered', isProbe, isTlsFault: false, retryAfterMs: null };
}

/** The breaker after one more call that failed; `random` gives [0, 1). */
export function countFailure(
  breaker: CircuitBreaker,
  { isProbe, isTlsFault, retryAfterMs }: Omit<EndedCall, 'destination' | 'result'>,
  now: Date,
  random: () => number,
): CircuitBreaker {
  const counted = {
    ...breaker,
    failures: breaker.failures + 1,
    tlsFailures: isTlsFault ? breaker.tlsFailures + 1 : 0,
  };
  const isOpen = breaker.openedAt !== null;
  // Calls that were under way when it opened change nothing of its time.
  if (isOpen ? !isProbe : counted.failures < failuresToOpen) return counted;
  const intervalMs = isOpen ? Math.min(breaker.intervalMs * 2, longestIntervalMs) : firstIntervalMs;
  const waitMs = Math.max(spread(intervalMs, random), Math.min(retryAfterMs ?? 0, longestIntervalMs));
  return {
    ...counted,
    openedAt: breaker.openedAt ?? now,
    probeAt: new Date(now.getTime() + waitMs),
    intervalMs,
    isProbing: false,
  };
}

/** The breaker whose probe was not sent after all: another one may go soon. */
export function giveProbeBack(breaker: CircuitBreaker, now: Date): CircuitBreaker {
  return { ...breaker, probeAt: new Date(now.getTime() + breaker.intervalMs), isProbing: false };
}

/** Until when nobody else probes. */
export function probeLeaseUntil(now: Date): Date {
  return new Date(now.getTime() + probeLeaseMs);
}

/** Whether the TLS of a destination has failed for so long that somebody has to act. */
export function hasLastingTlsFault(breaker: CircuitBreaker): boolean {
  return breaker.tlsFailures >= tlsFailuresToPause;
}

/** The destination is at fault, not the message. `probeAtMs` = when its breaker lets the next call go; null = it is closed. */
export interface Outage {
  readonly usesRetry: boolean;
  readonly probeAtMs: number | null;
}

/**
 * What a failed call means for its message; null = the destination has answered, or was not called. `breaker` = after the
 * call. It uses up no retry, unless the channel wants that (`countOutages`), or it may have been done and the breaker is
 * closed: each such failure may be the message's own.
 */
export function readOutage(result: CallResult, breaker: CircuitBreaker, countOutages: boolean): Outage | null {
  if (result === 'answered' || result === 'unsent') return null;
  const usesRetry = countOutages || (result === 'ambiguous' && breaker.openedAt === null);
  return { usesRetry, probeAtMs: breaker.probeAt?.getTime() ?? null };
}

/** What an answer of Kernel says of it; one with a code is Kernel's own word, whatever its status. */
export function readKernelCall(answer: {
  readonly httpStatus: number | null;
  readonly fault: NetworkFault | null;
  readonly providerCode: string | null;
  readonly isUnreadable: boolean;
}): CallResult {
  const { httpStatus, fault, providerCode, isUnreadable } = answer;
  if (fault !== null) return readFault(fault);
  if (providerCode !== null) return 'answered';
  return isUnreadable || httpStatus === null || httpStatus === 408 ? 'ambiguous' : readStatus(httpStatus);
}

/** What a call of the bot says to its circuit breaker. A bot can tell a repetition by the activity's id, so a time-out is no doubt. */
export function botCall(outcome: HttpOutcome, isProbe: boolean): EndedCall {
  return {
    destination: 'bot',
    result: readBotOutcome(outcome),
    isProbe,
    isTlsFault: !outcome.answered && outcome.fault === 'tls',
    retryAfterMs: outcome.answered ? outcome.retryAfterMs : null,
  };
}

function readBotOutcome(outcome: HttpOutcome): CallResult {
  if (!outcome.answered) return outcome.fault === 'timeout' ? 'unreachable' : readFault(outcome.fault);
  return outcome.cutShort === 'broken' ? 'ambiguous' : readStatus(outcome.status);
}

function readFault(fault: NetworkFault): CallResult {
  // Our guard has refused the address: of what may be there nothing is known.
  if (isLocalFault(fault) || fault === 'url_not_allowed') return 'unsent';
  return fault === 'timeout' || fault === 'reset_after_body' ? 'ambiguous' : 'unreachable';
}

function readStatus(httpStatus: number): CallResult {
  if (httpStatus < 500) return 'answered';
  return httpStatus === 503 ? 'unreachable' : 'ambiguous';
}

function spread(intervalMs: number, random: () => number): number {
  return Math.min(Math.floor(intervalMs * (1 - jitter + 2 * jitter * random())), longestIntervalMs);
}
