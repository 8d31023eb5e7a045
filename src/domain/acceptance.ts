/** How long a job may take when the caller names no `expiresAt`. */
export const defaultTimeToLiveMs = 24 * 60 * 60 * 1000;

/** How long a stored job may stay without a workflow before the sweep starts one. */
export const startGraceMs = 5_000;
