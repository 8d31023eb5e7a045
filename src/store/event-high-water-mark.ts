import { setTimeout as sleep } from 'node:timers/promises';
import type { Transactions, Tx } from './transactions.ts';

/**
 * The high-water mark of the event feed: the number up to which every event, of any tenant, is visible to a statement that
 * begins now, and below which none will appear later. Readers that stop there miss nothing, however long a writer takes.
 *
 * Events are numbered when they are written and appear when their transaction commits, so a lower number may appear after
 * a higher one. Before its first number a writer takes a shared advisory lock whose key says above which number all of its
 * own are (`next_event_sequence`). Whoever reads the last number that was drawn, and then the locks, sees the lock of every
 * writer that drew up to there and has not ended, because the lock was taken before the number; Postgres gives the lock back
 * after the commit can be seen. So all is settled up to the lowest of those keys, or to the last number where there is none.
 *
 * Why this and not the oldest transaction of a snapshot: that waits for every writing transaction of the whole server, of
 * other databases and other users as well. The locks are those of our own writers in this database, and of nobody else. They are never
 * waited for, since all of them are shared; they stay with a transaction that is prepared, and go with it; and the runtime
 * role can see them, other than most of `pg_stat_activity`. Nothing is remembered for longer than a moment, so a restore or
 * a failover that sets the numbers back leaves nothing wrong in a process that lived through it.
 */
export interface EventHighWaterMark {
  /** Waits at most `patienceMs` for what is being committed just now; without it the answer may lag by a moment. */
  read(patienceMs?: number): Promise<bigint>;
}

interface Numbers {
  readonly drawn: bigint;
  readonly settled: bigint;
}

const lookAgainMs = 5;
/** Streams and relays ask at every turn; `pg_locks` copies the server's table of locks, so one look serves them for a moment. */
const sharedForMs = 50;

export function createEventHighWaterMark({
  transactions,
}: {
  readonly transactions: Transactions;
}): EventHighWaterMark {
  let latest = { settled: 0n, untilMs: -Infinity };
  let underWay: Promise<Numbers> | null = null;

  async function look(): Promise<Numbers> {
    const rows = await transactions.acrossTenants((tx) =>
      tx.query<{ drawn: string; settled: string }>({
        name: 'read-event-high-water-mark',
        text: 'select drawn::text, settled::text from read_event_high_water_mark()',
      }),
    );
    const { drawn = '0', settled = '0' } = rows[0] ?? {};
    const numbers = { drawn: BigInt(drawn), settled: BigInt(settled) };
    latest = { settled: numbers.settled, untilMs: performance.now() + sharedForMs };
    return numbers;
  }

  async function readShared(): Promise<bigint> {
    if (performance.now() < latest.untilMs) return latest.settled;
    underWay ??= look().finally(() => {
      underWay = null;
    });
    return (await underWay).settled;
  }

  return {
    async read(patienceMs = 0) {
      if (patienceMs === 0) return readShared();
      const endMs = performance.now() + patienceMs;
      // A look of its own: one that began before the caller came may not know what the caller has just written.
      const first = await look();
      let { settled } = first;
      while (settled < first.drawn && performance.now() < endMs) {
        await sleep(lookAgainMs);
        ({ settled } = await look());
      }
      return settled;
    },
  };
}

/** How long the oldest event that can be seen is kept from readers by a writer before it that has not ended; 0 = none is. */
export async function readEventFeedLagSeconds(tx: Tx): Promise<number> {
  const rows = await tx.query<{ lag: number }>({ text: 'select event_feed_lag_seconds() as lag' });
  return rows[0]?.lag ?? 0;
}
