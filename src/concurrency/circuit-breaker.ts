/** Tells the breaker how a call ended. `isReached` = the destination answered; null = it was not called. */
export type EndCall = (isReached: boolean | null) => void;

/**
 * Stops calls to a destination that cannot be reached: a row of failures opens the breaker, then one call at a time probes
 * the destination, at growing intervals, and the first answer closes the breaker.
 */
export interface CircuitBreaker {
  /**
   * Asks for one call, and is told its end by the result; null = the breaker is open, and no probe is due. `isForced` = it
   * goes as a probe all the same.
   */
  tryPass(isForced?: boolean): EndCall | null;
  /** When the next probe may go, in the time of `nowMs`; null = the breaker is closed. */
  readonly openUntilMs: () => number | null;
  /** Closed, and no failure is counted: there is nothing to remember. */
  readonly isAtRest: () => boolean;
}

export interface CircuitBreakerOptions {
  readonly nowMs: () => number;
  readonly failuresToOpen?: number;
  readonly firstOpenMs?: number;
  readonly longestOpenMs?: number;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { nowMs, failuresToOpen = 10, firstOpenMs = 10_000, longestOpenMs = 60_000 } = options;
  let failuresInARow = 0;
  /** How long it was opened for the last time; 0 = it is closed. */
  let openMs = 0;
  let untilMs = 0;

  function open(ms: number): void {
    openMs = Math.min(ms, longestOpenMs);
    untilMs = nowMs() + openMs;
  }

  return {
    tryPass(isForced = false) {
      const isProbe = openMs > 0;
      if (isProbe && untilMs > nowMs() && !isForced) return null;
      // Nobody else until it has ended; one that never tells its end does not keep the breaker open for ever.
      if (isProbe) untilMs = nowMs() + longestOpenMs;
      return (isReached) => {
        if (isReached === null) {
          if (isProbe && openMs > 0) untilMs = nowMs();
          return;
        }
        failuresInARow = isReached ? 0 : failuresInARow + 1;
        if (isReached) openMs = 0;
        else if (openMs === 0 && failuresInARow >= failuresToOpen) open(firstOpenMs);
        else if (openMs > 0 && isProbe) open(openMs * 2);
      };
    },
    openUntilMs: () => (openMs === 0 ? null : untilMs),
    isAtRest: () => openMs === 0 && failuresInARow === 0,
  };
}
