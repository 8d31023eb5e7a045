import { randomUUID } from 'node:crypto';
import { leadSweeps } from '../store/cross-tenant.ts';
import { repeat, type Repetition } from './repeat.ts';
import { createExpireJobs } from './expire-jobs.ts';
import { createSweep } from './start-due-jobs.ts';

/** The sweep says by itself when the next job is due. */
const startEveryMs = 1_000;
const expireEveryMs = 1_000;
const expiredPerSweep = 1_000;
const releaseEveryMs = 1_000;
const relayEveryMs = 1_000;
/** Who asked for a replay waits for it so long, at most. */
const replayEveryMs = 500;
/** Who asks for an erasure starts it; this is for those whose start was lost. */
const eraseEveryMs = 5_000;
const purgeEveryMs = 30_000;
const tidyEveryMs = 10_000;
const leadEveryMs = 1_000;
/** Should the leader die or sleep, another process takes over after this long. */
const leaderSeconds = 3;

/**
 * Runs the sweeps until they are stopped. Every worker may: one of them leads, the others stand by. That two lead for a
 * moment, where one was asleep, does no harm: whatever a sweep takes it takes by a lease or a lock.
 */
export function startSweeps(
  dependencies: Parameters<typeof createSweep>[0] &
    Parameters<typeof createExpireJobs>[0] & {
      readonly nowMs: () => number;
      readonly log: { readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void };
    },
): Repetition {
  const { transactions, nowMs } = dependencies;
  /** Names this process among all. */
  const processId = randomUUID();
  const sweep = createSweep(dependencies);
  const expireJobs = createExpireJobs(dependencies);
  let leadsUntilMs = 0;
  const onError = (error: unknown): void => {
    dependencies.log.warn(
      { reason: error instanceof Error ? error.message : 'unknown' },
      'a sweep failed, and will run again',
    );
  };

  async function lead(): Promise<void> {
    const askedMs = nowMs();
    const isLeader = await transactions.acrossTenants((tx) => leadSweeps(tx, processId, leaderSeconds));
    leadsUntilMs = isLeader ? askedMs + leaderSeconds * 1_000 : 0;
  }

  function whileLeading(everyMs: number, work: Parameters<typeof repeat>[0]['work']): Repetition {
    return repeat({ everyMs, work: async () => (nowMs() < leadsUntilMs ? work() : { againMs: leadEveryMs }), onError });
  }

  const all = [
    repeat({ everyMs: leadEveryMs, work: lead, onError }),
    whileLeading(startEveryMs, () => sweep.startDueJobs()),
    whileLeading(expireEveryMs, async () => ({ hasMore: (await expireJobs(expiredPerSweep)) === expiredPerSweep })),
    whileLeading(releaseEveryMs, () => sweep.releaseHeldJobs()),
    whileLeading(releaseEveryMs, () => sweep.releaseHeldMessages()),
    whileLeading(releaseEveryMs, () => sweep.releaseOutageJobs()),
    whileLeading(relayEveryMs, () => sweep.startRelays()),
    whileLeading(replayEveryMs, () => sweep.startReplays()),
    whileLeading(eraseEveryMs, () => sweep.startErasures()),
    whileLeading(purgeEveryMs, () => sweep.startPurge()),
    whileLeading(tidyEveryMs, () => sweep.tidy()),
  ];
  return {
    async stop() {
      await Promise.all(all.map(async (each) => each.stop()));
      // The next leader need not wait.
      await transactions.acrossTenants((tx) => leadSweeps(tx, processId, 0)).catch(onError);
    },
  };
}
