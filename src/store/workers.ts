import type { WorkerHeartbeat } from '../domain/workers.ts';
import type { Tx } from './transactions.ts';

/** Says that a worker process is there, or that it leaves. Belongs to no tenant. */
export async function beatWorker(
  tx: Tx,
  worker: { readonly id: string; readonly queues: readonly string[]; readonly isLeaving: boolean },
): Promise<void> {
  await tx.execute({
    name: 'beat-worker',
    text: 'select beat_worker($1, $2, $3)',
    values: [worker.id, worker.queues, worker.isLeaving],
  });
}

/** The workers of the last day, of all hosts, those heard of last first; in any transaction. */
export async function listWorkers(tx: Tx): Promise<WorkerHeartbeat[]> {
  const rows = await tx.query<{ queues: string[]; silent_ms: number; has_left: boolean }>({
    name: 'list-workers',
    text: 'select queues, silent_ms, has_left from list_workers()',
  });
  return rows.map((row) => ({ queues: row.queues, silentMs: row.silent_ms, hasLeft: row.has_left }));
}
