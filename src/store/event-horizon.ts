import { setTimeout as sleep } from 'node:timers/promises';
import type { Transactions } from './transactions.ts';

const lookAgainMs = 5;

/**
 * Up to where the numbers of events are settled: every event with such a number, of any tenant, can be seen by a statement
 * that begins now, and none will appear later. Readers that stop there miss nothing, however long a transaction takes.
 */
export interface EventHorizon {
  /** Waits at most `patienceMs` for what is being committed just now; without it the answer may lag by a moment. */
  read(patienceMs?: number): Promise<bigint>;
}

interface Candidate {
  readonly drawn: bigint;
  /** Null = nothing new was drawn. */
  readonly mark: bigint | null;
}

/** Remembers what is settled, so that one long transaction delays what is new and does not hide what was known. */
export function createEventHorizon({ transactions }: { readonly transactions: Transactions }): EventHorizon {
  let settled = 0n;
  let candidate: Candidate | null = null;

  async function takeCandidate(): Promise<Candidate> {
    const rows = await transactions.acrossTenants((tx) =>
      tx.query<{ drawn: string; mark: string | null }>({
        name: 'mark-event-horizon',
        text: 'select drawn::text, mark::text from mark_event_horizon($1)',
        values: [String(settled)],
      }),
    );
    const { drawn = '0', mark = null } = rows[0] ?? {};
    return { drawn: BigInt(drawn), mark: mark === null ? null : BigInt(mark) };
  }

  async function isSettled({ mark }: Candidate): Promise<boolean> {
    if (mark === null) return true;
    const rows = await transactions.acrossTenants((tx) =>
      tx.query<{ oldest: string }>({
        name: 'oldest-transaction',
        text: 'select pg_snapshot_xmin(pg_current_snapshot())::text as oldest',
      }),
    );
    return BigInt(rows[0]?.oldest ?? '0') > mark;
  }

  return {
    async read(patienceMs = 0) {
      const endMs = Date.now() + patienceMs;
      for (;;) {
        const isOlder = candidate !== null;
        const mine: Candidate = candidate ?? (await takeCandidate());
        candidate ??= mine;
        const isDone = await isSettled(mine);
        if (isDone) {
          if (mine.drawn > settled) settled = mine.drawn;
          if (candidate === mine) candidate = null;
        }
        if ((isDone && !isOlder) || Date.now() >= endMs) return settled;
        if (!isDone) await sleep(lookAgainMs);
      }
    },
  };
}
