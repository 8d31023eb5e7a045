import type { Registry } from 'prom-client';
import type { Transactions } from '../store/transactions.ts';
import { gaugeBacklog } from './backlog-gauges.ts';
import { createRegistry } from './registry.ts';
import { gaugeRetention } from './retention-gauge.ts';
import { createStatusCounter } from './status-counter.ts';

/** What a worker tells of itself and of what is stored. */
export function createWorkerMetrics(dependencies: {
  readonly transactions: Transactions;
  readonly retentionDays: number;
  readonly clock: () => Date;
}): { readonly metrics: Registry; readonly onStatusesDropped: (count: number) => void } {
  const metrics = createRegistry();
  gaugeBacklog({ ...dependencies, metrics });
  gaugeRetention({ ...dependencies, metrics });
  const countStatus = createStatusCounter(metrics);
  return { metrics, onStatusesDropped: (count) => countStatus('dropped', count) };
}
