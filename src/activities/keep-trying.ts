/** Short enough for the activity's own time-out, long enough for a database that restarts. */
const giveUpAfterMs = 12_000;
const waitsMs = [50, 100, 200, 400, 800, 1_000];

/**
 * Repeats work against our own database while it is away, inside one activity: what an upstream has just answered exists
 * nowhere else. Anything but an outage is thrown at once.
 */
export function createKeepTrying(dependencies: {
  readonly isOutage: (error: Error) => boolean;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}): <T>(work: () => Promise<T>) => Promise<T> {
  const { isOutage, nowMs, sleep } = dependencies;
  return async (work) => {
    const endMs = nowMs() + giveUpAfterMs;
    for (let tries = 0; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Error) || !isOutage(error) || nowMs() >= endMs) throw error;
        await sleep(waitsMs[Math.min(tries, waitsMs.length - 1)] ?? 1_000);
      }
    }
  };
}
