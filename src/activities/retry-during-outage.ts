import { setTimeout as sleepFor } from 'node:timers/promises';
import { isTransientFault } from '../store/database-faults.ts';

/**
 * No try is begun later than this. It outlasts what a stopped process can hold: its idle transaction ends after 10 s
 * (store/pool.ts). And it fits what is left of an activity once the answer is there, in seconds: of the 45 of the fast path
 * (workflows/attempt-options.ts) 4 may be spent before the last call and 25 on it, of the 60 of the own path 20 and 25; so
 * 16 and 15 remain for the claim before the call and this.
 */
const giveUpAfterMs = 13_000;
const waitsMs = [50, 100, 200, 400, 800, 1_000];

/**
 * Repeats work against our own database while that is away or busy: what an upstream has just answered exists nowhere else.
 * The work must be safe to run twice: a commit whose confirmation was lost is made again. Anything but a passing fault is
 * thrown at once. The wait is a plain timer: a worker's shutdown cancels the activity, and must not cost the answer.
 */
export async function retryDuringOutage<T>(
  work: () => Promise<T>,
  time: { readonly monotonicMs: () => number; readonly sleep: (ms: number) => Promise<unknown> } = {
    monotonicMs: () => performance.now(),
    sleep: (ms) => sleepFor(ms),
  },
): Promise<T> {
  const endMs = time.monotonicMs() + giveUpAfterMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const waitMs = waitsMs[Math.min(tries, waitsMs.length - 1)] ?? 1_000;
      if (!(error instanceof Error) || !isTransientFault(error) || time.monotonicMs() + waitMs >= endMs) throw error;
      await time.sleep(waitMs);
    }
  }
}
