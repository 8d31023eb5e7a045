import { countStartedJobs } from '../store/cross-tenant.ts';
import type { Transactions } from '../store/transactions.ts';

/**
 * Jobs that may be started and not yet taken up, over the whole installation. Above its capacity Temporal completes fewer
 * workflows the more are started: measured, 60 starts a second for 3 completions, where 12 were possible.
 */
export const maxStarted = 64;
/** The same for messages that are started in pages: a page of 50 costs the engine as much as one message. */
export const maxStartedInPages = 512;
/** How old the count may be. */
const countForMs = 200;

/** Says whether a job accepted now should be started at once, or wait in the table for the sweep. */
export interface StartRoom {
  /** Takes a place if there is one. */
  take(): boolean;
  /** Takes the place of a message that is to be started in a page. */
  takeInPage(): boolean;
}

export function createStartRoom(dependencies: {
  readonly transactions: Transactions;
  readonly nowMs: () => number;
}): StartRoom {
  const { transactions, nowMs } = dependencies;
  let started = 0;
  let countedMs = 0;
  let isCounting = false;

  async function count(): Promise<void> {
    isCounting = true;
    try {
      started = await transactions.acrossTenants((tx) => countStartedJobs(tx, maxStartedInPages));
    } catch {
      // Without a database nothing is accepted either; the next count will tell.
    } finally {
      countedMs = nowMs();
      isCounting = false;
    }
  }

  function takeBelow(bound: number): boolean {
    if (!isCounting && nowMs() - countedMs >= countForMs) void count();
    if (started >= bound) return false;
    started += 1;
    return true;
  }

  return { take: () => takeBelow(maxStarted), takeInPage: () => takeBelow(maxStartedInPages) };
}
