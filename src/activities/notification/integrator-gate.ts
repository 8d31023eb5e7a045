/** A run through the gate. `isProbe` = the integrator was silent: one call is to find out whether it still is. */
interface Admission {
  readonly isProbe: boolean;
  /** To be called once, when the run has ended. */
  leave(): void;
}

/**
 * Keeps an integrator that does not answer from holding the worker's places: a row of silent calls closes the gate for a
 * while, then one call probes, and so on, at growing distances. And however many batches have errors for one integrator,
 * a few of their activities run at once; the others come back later.
 */
export interface IntegratorGate {
  enter(key: string): Admission | { readonly waitMs: number };
  /** Whether no call is to be made now, also by a run that is under way. */
  isClosed(key: string): boolean;
  /** `isSilent` = the call held its place for long and had no answer. */
  record(key: string, isSilent: boolean): void;
}

interface Passage {
  runs: number;
  silentInARow: number;
  closedUntilMs: number;
  /** 0 = it was not closed since its last answer. */
  closedForMs: number;
  probeUntilMs: number;
}

export function createIntegratorGate(options: {
  readonly nowMs: () => number;
  readonly runsAtOnce?: number;
  readonly silentToClose?: number;
  readonly firstClosedMs?: number;
  readonly longestClosedMs?: number;
}): IntegratorGate {
  const { nowMs, runsAtOnce = 2, silentToClose = 5, firstClosedMs = 10_000, longestClosedMs = 60_000 } = options;
  /** A probe that has not told by then died with its run. */
  const probeMs = 30_000;
  const crowdedWaitMs = 5_000;
  const passages = new Map<string, Passage>();

  function forgetIdle(key: string, passage: Passage): void {
    if (passage.runs === 0 && passage.silentInARow === 0 && passage.closedForMs === 0) passages.delete(key);
  }

  return {
    enter(key) {
      const passage = passages.get(key) ?? {
        runs: 0,
        silentInARow: 0,
        closedUntilMs: 0,
        closedForMs: 0,
        probeUntilMs: 0,
      };
      if (passage.closedUntilMs > nowMs()) return { waitMs: passage.closedUntilMs - nowMs() };
      if (passage.probeUntilMs > nowMs() || passage.runs >= runsAtOnce) return { waitMs: crowdedWaitMs };
      passages.set(key, passage);
      passage.runs += 1;
      const isProbe = passage.closedForMs > 0;
      if (isProbe) passage.probeUntilMs = nowMs() + probeMs;
      return {
        isProbe,
        leave() {
          passage.runs -= 1;
          if (isProbe) passage.probeUntilMs = 0;
          forgetIdle(key, passage);
        },
      };
    },
    isClosed: (key) => (passages.get(key)?.closedUntilMs ?? 0) > nowMs(),
    record(key, isSilent) {
      const passage = passages.get(key);
      if (passage === undefined) return;
      passage.silentInARow = isSilent ? passage.silentInARow + 1 : 0;
      if (!isSilent) passage.closedForMs = 0;
      const isShut = passage.closedUntilMs > nowMs();
      if (isShut || (passage.closedForMs === 0 && passage.silentInARow < silentToClose) || !isSilent) return;
      passage.closedForMs = passage.closedForMs === 0 ? firstClosedMs : passage.closedForMs * 2;
      passage.closedForMs = Math.min(passage.closedForMs, longestClosedMs);
      passage.closedUntilMs = nowMs() + passage.closedForMs;
    },
  };
}
