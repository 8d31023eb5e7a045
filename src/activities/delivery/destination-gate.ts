/**
 * Keeps the fast path free of slow destinations: within one worker, a channel may hold so many fast attempts that have
 * become slow, so many altogether, and none for a while after a row of failures to reach it. Who is refused goes on as an
 * ordinary activity, on its own queue.
 */
export interface DestinationGate {
  /** Null = no room; otherwise call it once when the attempt has ended. `isReached` null = the destination was not called. */
  enter(channelId: string): ((isReached: boolean | null) => void) | null;
}

interface Destination {
  readonly startedMs: Set<{ readonly atMs: number }>;
  failuresInARow: number;
  openUntilMs: number;
}

export function createDestinationGate(options: {
  readonly nowMs: () => number;
  /** Attempts that have taken longer than `slowMs` and still run. */
  readonly slowAttempts?: number;
  readonly slowMs?: number;
  /** Below the worker's 100 places for local activities, so that one channel cannot hold them all. */
  readonly concurrency?: number;
  readonly failuresToOpen?: number;
  readonly openForMs?: number;
}): DestinationGate {
  const { nowMs, slowAttempts = 10, slowMs = 2_000, concurrency = 60 } = options;
  const { failuresToOpen = 10, openForMs = 10_000 } = options;
  const destinations = new Map<string, Destination>();

  function isCrowded({ startedMs }: Destination): boolean {
    if (startedMs.size >= concurrency) return true;
    if (startedMs.size < slowAttempts) return false;
    return [...startedMs].filter(({ atMs }) => nowMs() - atMs > slowMs).length >= slowAttempts;
  }

  return {
    enter(channelId) {
      const destination = destinations.get(channelId) ?? { startedMs: new Set(), failuresInARow: 0, openUntilMs: 0 };
      destinations.set(channelId, destination);
      if (isCrowded(destination) || destination.openUntilMs > nowMs()) return null;
      const attempt = { atMs: nowMs() };
      destination.startedMs.add(attempt);
      return (isReached) => {
        destination.startedMs.delete(attempt);
        if (isReached !== null) destination.failuresInARow = isReached ? 0 : destination.failuresInARow + 1;
        if (isReached === false && destination.failuresInARow >= failuresToOpen)
          destination.openUntilMs = nowMs() + openForMs;
        // Healthy and idle destinations need no entry: the map stays as small as the trouble.
        if (destination.startedMs.size === 0 && destination.failuresInARow === 0) destinations.delete(channelId);
      };
    },
  };
}
