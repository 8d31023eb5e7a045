import { Gauge, type Registry } from 'prom-client';
import { retentionRules } from '../domain/retention.ts';
import { listOverdue } from '../store/retention.ts';
import type { Transactions } from '../store/transactions.ts';

/** Says at each scrape by how much the oldest row of each rule is older than it may be: a purge that is stuck is seen. */
export function gaugeRetention(dependencies: {
  readonly metrics: Registry;
  readonly transactions: Transactions;
  readonly retentionDays: number;
  readonly clock: () => Date;
}): void {
  const { metrics, transactions, retentionDays, clock } = dependencies;
  new Gauge({
    name: 'waypost_retention_overdue_seconds',
    help: 'By how much the oldest row is older than its retention, by rule; 0 = none is',
    labelNames: ['rule'],
    registers: [metrics],
    async collect() {
      this.reset();
      try {
        const overdue = await transactions.acrossTenants((tx) => listOverdue(tx, retentionDays, clock()));
        for (const rule of retentionRules) this.set({ rule }, 0);
        for (const { rule, overdueMs } of overdue) this.set({ rule }, overdueMs / 1_000);
      } catch {
        // Without a database the scrape goes on, and /readyz says that Postgres is down.
      }
    },
  });
}
