/** Clocks of two machines run apart by less than this, also where one of them is being adjusted (NTP slews by 500 ppm). */
const driftPerMs = 0.001;
/** A process asks for the time at least so often while it works. */
const freshForMs = 10_000;

/**
 * The database's time, for all that is stored and compared between processes: leases, due times, expiries, the order of a
 * failure and a rerun. A process's own clock may be minutes off. Each transaction brings the time in its first statement, at no
 * extra round trip, and the monotonic clock carries it on; so it is right to about half a round trip, and stepping a
 * process's clock does not move it. Its differences may be used as durations.
 */
export interface DatabaseClock {
  /** Before the first transaction this is the process's own time. */
  now(): Date;
  /** Takes in what the server said its time was, at some moment between two readings of the monotonic clock. */
  observe(told: { readonly serverMs: number; readonly sentMs: number; readonly receivedMs: number }): void;
  /** Whether what is known is young enough to decide by it. It is not after a pause, which stops the monotonic clock of some machines. */
  isFresh(): boolean;
  /** The next transaction is to ask before its work begins: its server may be another one. */
  expire(): void;
  monotonicMs(): number;
}

export function createDatabaseClock(
  process: { readonly wallMs: () => number; readonly monotonicMs: () => number } = {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
  },
): DatabaseClock {
  const { wallMs, monotonicMs } = process;
  /** The server's time less the monotonic one lies between `low` and `high`. */
  let known: { readonly low: number; readonly high: number; readonly atMs: number } | null = null;
  let asked: { readonly wallMs: number; readonly monotonicMs: number } | null = null;

  return {
    monotonicMs,
    now() {
      return new Date(known === null ? wallMs() : Math.round(monotonicMs() + (known.low + known.high) / 2));
    },
    observe({ serverMs, sentMs, receivedMs }) {
      asked = { wallMs: wallMs(), monotonicMs: receivedMs };
      const told = { low: serverMs - receivedMs, high: serverMs - sentMs };
      const slack = known === null ? 0 : Math.max(0, receivedMs - known.atMs) * driftPerMs;
      const low = Math.max(told.low, (known?.low ?? -Infinity) - slack);
      const high = Math.min(told.high, (known?.high ?? Infinity) + slack);
      // Nothing in common: the server's clock was set, or it is another server.
      known = low <= high ? { low, high, atMs: receivedMs } : { ...told, atMs: receivedMs };
    },
    isFresh() {
      if (asked === null) return false;
      const ageMs = Math.max(Math.abs(wallMs() - asked.wallMs), monotonicMs() - asked.monotonicMs);
      return ageMs < freshForMs;
    },
    expire() {
      asked = null;
    },
  };
}
