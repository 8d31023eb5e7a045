import type { EventHorizon } from '../store/event-horizon.ts';
import type { Transactions } from '../store/transactions.ts';
import type { Starter } from '../temporal/starter.ts';
import { repeat, type Repetition } from './repeat.ts';
import { createSweep } from './start-due-jobs.ts';

/** Under load this is how fast the backlog moves: at each sweep as many as the engine has room for. */
const startEveryMs = 200;
const relayEveryMs = 1_000;
const tidyEveryMs = 10_000;

/** Runs the sweeps of one process until they are stopped; every worker may run them. */
export function startSweeps(dependencies: {
  readonly transactions: Transactions;
  readonly horizon: EventHorizon;
  readonly starter: Pick<Starter, 'start' | 'startKpiRelay' | 'startWebhookRelay'>;
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
    repeat({ everyMs: startEveryMs, work: () => sweep.startDueJobs(), onError }),
    repeat({ everyMs: relayEveryMs, work: () => sweep.startRelays(), onError }),
    repeat({ everyMs: tidyEveryMs, work: () => sweep.tidy(), onError }),
  ];
  return {
    async stop() {
      await Promise.all(all.map(async (each) => each.stop()));
    },
  };
}
