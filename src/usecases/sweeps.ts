import type { EventHighWaterMark } from '../store/event-high-water-mark.ts';
import type { Transactions } from '../store/transactions.ts';
import { repeat, type Repetition } from './repeat.ts';
import { createSweep, type SweepStarter } from './start-due-jobs.ts';

/** Under load this is how fast the backlog moves: at each sweep as many as the engine has room for. */
const startEveryMs = 200;
const releaseEveryMs = 1_000;
const relayEveryMs = 1_000;
/** Who asked for a replay waits for it so long, at most. */
const replayEveryMs = 500;
/** Who asks for an erasure starts it; this is for those whose start was lost. */
const eraseEveryMs = 5_000;
const purgeEveryMs = 30_000;
const tidyEveryMs = 10_000;

/** Runs the sweeps of one process until they are stopped; every worker may run them. */
export function startSweeps(dependencies: {
  readonly transactions: Transactions;
  readonly highWaterMark: EventHighWaterMark;
  readonly starter: SweepStarter;
  readonly clock: () => Date;
  readonly retentionDays: number;
  readonly log: { readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void };
}): Repetition {
  const sweep = createSweep(dependencies);
  const onError = (error: unknown): void => {
    dependencies.log.warn(
      { reason: error instanceof Error ? error.message : 'unknown' },
      'a sweep failed, and will run again',
    );
  };
  const all = [
    repeat({
      everyMs: startEveryMs,
      async work() {
        const pages = await sweep.startDuePages();
        const jobs = await sweep.startDueJobs();
        return { hasMore: pages.hasMore || jobs.hasMore };
      },
      onError,
    }),
    repeat({ everyMs: releaseEveryMs, work: () => sweep.releaseHeldJobs(), onError }),
    repeat({ everyMs: relayEveryMs, work: () => sweep.startRelays(), onError }),
    repeat({ everyMs: replayEveryMs, work: () => sweep.startReplays(), onError }),
    repeat({ everyMs: eraseEveryMs, work: () => sweep.startErasures(), onError }),
    repeat({ everyMs: purgeEveryMs, work: () => sweep.startPurge(), onError }),
    repeat({ everyMs: tidyEveryMs, work: () => sweep.tidy(), onError }),
  ];
  return {
    async stop() {
      await Promise.all(all.map(async (each) => each.stop()));
    },
  };
}
