/**
 * Keeps the fast path free of slow destinations: within one worker, a channel may hold so many fast attempts at once, and
 * none for a while after a row of failures to reach it. Who is refused goes on as an ordinary activity, on its own queue.
 */
export interface DestinationGate {
  /** Null = no room; otherwise call it once when the attempt has ended. */
  enter(channelId: string): ((isReached: boolean) => void) | null;
}

export function createDestinationGate(options: {
  readonly nowMs: () => number;
  readonly concurrency?: number;
  readonly failuresToOpen?: number;
  readonly openForMs?: number;
}): DestinationGate {
  const { nowMs, concurrency = 10, failuresToOpen = 10, openForMs = 10_000 } = options;
  const destinations = new Map<string, { inFlight: number; failuresInARow: number; openUntilMs: number }>();
  return {
    enter(channelId) {
      const destination = destinations.get(channelId) ?? { inFlight: 0, failuresInARow: 0, openUntilMs: 0 };
      destinations.set(channelId, destination);
      if (destination.inFlight >= concurrency || destination.openUntilMs > nowMs()) return null;
      destination.inFlight += 1;
      return (isReached) => {
        destination.inFlight -= 1;
        destination.failuresInARow = isReached ? 0 : destination.failuresInARow + 1;
        if (destination.failuresInARow >= failuresToOpen) destination.openUntilMs = nowMs() + openForMs;
        // Healthy and idle destinations need no entry: the map stays as small as the trouble.
        if (destination.inFlight === 0 && destination.failuresInARow === 0) destinations.delete(channelId);
      };
    },
  };
}
