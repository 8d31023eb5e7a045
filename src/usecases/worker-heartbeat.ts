import { randomUUID } from 'node:crypto';
import { heartbeatEveryMs } from '../domain/workers.ts';
import type { Transactions } from '../store/transactions.ts';
import { beatWorker } from '../store/workers.ts';
import { repeat, type Repetition } from './repeat.ts';

/**
 * Says every 10 s that this worker is there, and goodbye when it is stopped: `/readyz`, `waitingFor` and the metrics of all
 * processes know by that whether there is a worker. A beat that fails is made up for by the next one.
 */
export function startHeartbeat(dependencies: {
  readonly transactions: Transactions;
  readonly queues: readonly string[];
  readonly log: { readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void };
}): Repetition {
  const { transactions, queues, log } = dependencies;
  const id = randomUUID();
  const beat = (isLeaving: boolean) => transactions.acrossTenants((tx) => beatWorker(tx, { id, queues, isLeaving }));
  const onError = (error: unknown): void => {
    log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a heartbeat was not written');
  };
  const beats = repeat({ everyMs: heartbeatEveryMs, work: () => beat(false), onError });
  return {
    async stop() {
      await beats.stop();
      await beat(true).catch(onError);
    },
  };
}
