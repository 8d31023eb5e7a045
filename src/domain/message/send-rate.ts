/** A number that was idle may send as much at once as its rate allows in this time. */
export const burstMs = 250;
/** A busy worker takes places for this long at once, so that a busy number costs one row's lock for many sends. */
const takenAheadMs = 100;
/** A place that was not used this long after its time is forgotten: old ones together would let a burst through. */
const keepPlaceMs = 1_000;

/** Places in a channel's rate that one worker has taken together, one every `spacingMs`. */
export interface Places {
  readonly takenMs: number;
  readonly count: number;
  readonly spacingMs: number;
  /** When the next of them may be used. */
  readonly nextMs: number;
  readonly left: number;
}

export function spacingMsOf(ratePerSecond: number): number {
  return 1_000 / ratePerSecond;
}

/**
 * How many places to take: one at first, twice as many each time the ones before were soon used up, so that workers with
 * little to do take no room from those with much.
 */
export function countToTake(before: Places | undefined, nowMs: number, ratePerSecond: number): number {
  const most = Math.max(1, Math.floor((ratePerSecond * takenAheadMs) / 1_000));
  if (before === undefined || before.left > 0) return 1;
  const usualMs = before.count * before.spacingMs + takenAheadMs;
  return nowMs - before.takenMs <= usualMs * 2 ? Math.min(before.count * 2, most) : 1;
}

/** The next place and those after it; null = none is left that still counts. */
export function usePlace(places: Places | undefined, nowMs: number): { readonly atMs: number; rest: Places } | null {
  if (places === undefined || places.left === 0 || places.nextMs < nowMs - keepPlaceMs) return null;
  const rest = { ...places, left: places.left - 1, nextMs: places.nextMs + places.spacingMs };
  return { atMs: places.nextMs, rest };
}
