import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchDatabase } from './database.ts';

/** An idle backend tells the statistics what it did within 10 s (pgstat.c, PGSTAT_IDLE_INTERVAL). */
const reportedWithinMs = 11_000;

/**
 * Runs `work` between two moments at which every backend has told what it did, and counts the transactions of ours in
 * between, less what an idle product does in that time. Takes 33 s longer than `work`.
 */
export async function countTransactions<T>(
  database: BenchDatabase,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly transactions: number }> {
  const read = async () => {
    await sleep(reportedWithinMs);
    return { count: await database.countTransactions(), atMs: performance.now() };
  };
  const idle = await read();
  const before = await read();
  const result = await work();
  const after = await read();
  const idlePerMs = (before.count - idle.count) / (before.atMs - idle.atMs);
  const counted = after.count - before.count - idlePerMs * (after.atMs - before.atMs);
  return { result, transactions: Math.max(0, Math.round(counted)) };
}
