/** A number that was idle may send as much at once as its rate allows in this time. */
const burstMs = 250;
/** A worker takes places for this long at once, so that a busy number costs one row's lock for many sends. */
const takenAheadMs = 100;

/** How many places a worker takes together. */
export function placesAtOnce(ratePerSecond: number): number {
  return Math.max(1, Math.floor((ratePerSecond * takenAheadMs) / 1_000));
}

/**
 * Takes places in a rate that all workers share (GCRA): one every 1/rate s, counted from `freeAt`, which lags behind by
 * the burst at most and never lies before the end of a block. Where there is no room now it takes a single place, at `at`.
 */
export function takePlaces(input: {
  readonly freeAt: Date;
  readonly blockedUntil: Date | null;
  readonly now: Date;
  readonly ratePerSecond: number;
}): { readonly at: Date; readonly count: number; readonly freeAt: Date } {
  const { now, ratePerSecond } = input;
  const atMs = Math.max(input.freeAt.getTime(), now.getTime() - burstMs, input.blockedUntil?.getTime() ?? 0);
  const count = atMs > now.getTime() ? 1 : placesAtOnce(ratePerSecond);
  return { at: new Date(atMs), count, freeAt: new Date(Math.ceil(atMs + (count * 1_000) / ratePerSecond)) };
}
