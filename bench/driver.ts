import { setTimeout as sleep } from 'node:timers/promises';
import { readClockMs } from './clock.ts';

/** A closed loop keeps so many in flight; an open loop begins so many a second, whatever becomes of them. */
export type Load =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly ratePerSecond: number };

/** One unit of work that came to its end; times on the clock of `readClockMs`. */
export interface Delivery {
  readonly id: string;
  /** When the 202 had been read; null where there is no such step. */
  readonly acceptedMs: number | null;
  readonly doneMs: number;
}

export interface Sample extends Delivery {
  /** Closed loop: when it was begun. Open loop: when it was due, so that a driver or server that lags is not forgiven. */
  readonly dueMs: number;
}

export interface Drive<Reading> {
  readonly samples: readonly Sample[];
  /** First words of each delivery that failed or did not end in time. */
  readonly failures: readonly string[];
  readonly openedMs: number;
  readonly closedMs: number;
  /** What `read` said when the window was opened and when it was closed. */
  readonly opened: Reading;
  readonly closed: Reading;
}

export interface DriveOptions<Reading> {
  /** One unit of work; it has to reject by itself when it takes too long. */
  readonly deliver: () => Promise<Delivery>;
  readonly load: Load;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly random: () => number;
  readonly read: () => Reading;
}

/** Drives one load through warm-up and window, then waits for what is in flight. */
export async function drive<Reading>(options: DriveOptions<Reading>): Promise<Drive<Reading>> {
  const { deliver, load, warmUpMs, windowMs, read } = options;
  const samples: Sample[] = [];
  const failures: string[] = [];
  const run = async (dueMs: number): Promise<void> => {
    try {
      samples.push({ ...(await deliver()), dueMs });
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  };
  const startMs = readClockMs();
  const endMs = startMs + warmUpMs + windowMs;
  const isWorking =
    load.kind === 'closed'
      ? runClosedLoop(load.concurrency, endMs, run)
      : runOpenLoop(planArrivals(load.ratePerSecond, startMs, endMs, options.random), run);
  await sleepUntil(startMs + warmUpMs);
  const [openedMs, opened] = [readClockMs(), read()];
  await sleepUntil(endMs);
  const [closedMs, closed] = [readClockMs(), read()];
  await isWorking;
  return { samples, failures, openedMs, closedMs, opened, closed };
}

async function runClosedLoop(concurrency: number, endMs: number, run: (dueMs: number) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let nowMs = readClockMs(); nowMs < endMs; nowMs = readClockMs()) await run(nowMs);
    }),
  );
}

async function runOpenLoop(arrivals: readonly number[], run: (dueMs: number) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = [];
  for (const dueMs of arrivals) {
    await sleepUntil(dueMs);
    running.push(run(dueMs));
  }
  await Promise.all(running);
}

/** Poisson arrivals, as of many callers who know nothing of each other: bursts belong to the load. */
function planArrivals(ratePerSecond: number, startMs: number, endMs: number, random: () => number): readonly number[] {
  const arrivals: number[] = [];
  for (let dueMs = startMs; ; arrivals.push(dueMs)) {
    dueMs += (-Math.log(1 - random()) * 1_000) / ratePerSecond;
    if (dueMs >= endMs) return arrivals;
  }
}

async function sleepUntil(timeMs: number): Promise<void> {
  const waitMs = timeMs - readClockMs();
  if (waitMs > 0) await sleep(waitMs);
}

/** The same numbers in every run of one seed (mulberry32), so that all rounds and subjects see the same arrivals. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
