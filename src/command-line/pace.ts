import { setTimeout as sleep } from 'node:timers/promises';

/** Lets so many a second through: `await pace(n)` returns when the next n may go. */
export function createPace(ratePerSecond: number, signal: AbortSignal, nowMs: () => number = () => performance.now()) {
  let freeAtMs = nowMs();
  return async function pace(count: number): Promise<void> {
    const waitMs = freeAtMs - nowMs();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    freeAtMs = Math.max(freeAtMs, nowMs()) + (count / ratePerSecond) * 1_000;
  };
}
