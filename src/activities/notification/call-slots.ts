/** Bounds the calls under way per key; waiters are served in order of asking. */
export interface CallSlots {
  /** Resolves when there is room; call the result once when the call has ended. */
  take(key: string): Promise<() => void>;
}

export function createCallSlots(callsAtOnce: number): CallSlots {
  const lanes = new Map<string, { free: number; readonly waiting: (() => void)[] }>();

  function leave(key: string): void {
    const lane = lanes.get(key);
    if (lane === undefined) return;
    const next = lane.waiting.shift();
    if (next !== undefined) return next();
    lane.free += 1;
    if (lane.free === callsAtOnce) lanes.delete(key);
  }

  return {
    async take(key) {
      const lane = lanes.get(key) ?? { free: callsAtOnce, waiting: [] };
      lanes.set(key, lane);
      if (lane.free > 0) lane.free -= 1;
      else await new Promise<void>((resolve) => lane.waiting.push(resolve));
      return () => {
        leave(key);
      };
    },
  };
}
