/** How long a job may take when the caller names no `expiresAt`. */
export const defaultTimeToLiveMs = 24 * 60 * 60 * 1000;

/** How long a stored job may stay without a workflow before the sweep starts one. */
export const startGraceMs = 5_000;

/** How far ahead a caller may plan; beyond, a mistyped year is likelier than a plan. */
const maxAheadMs = 366 * 24 * 60 * 60 * 1000;

/** The members that lie too far ahead, for the refusal; none = all is well. */
export function findTooFarAhead(
  times: { readonly sendAt: Date | null; readonly expiresAt: Date | null },
  now: Date,
): { readonly pointer: string; readonly detail: string }[] {
  return Object.entries(times).flatMap(([name, time]) =>
    time !== null && time.getTime() > now.getTime() + maxAheadMs
      ? [{ pointer: `/${name}`, detail: 'must lie at most one year (366 days) ahead' }]
      : [],
  );
}
