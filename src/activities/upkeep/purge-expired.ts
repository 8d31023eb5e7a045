import type { UpkeepActivities } from '../../contracts/activities.ts';
import {
  addPurged,
  expiresBefore,
  type PurgedCounts,
  type RetentionRule,
  retentionRules,
} from '../../domain/retention.ts';
import { purgeExpired } from '../../store/retention.ts';
import type { Transactions } from '../../store/transactions.ts';

/** One run of the activity; the workflow asks for another. */
const runForMs = 10_000;
/** A transaction of so many rows takes a few hundredths of a second, and holds nobody up. */
export const rowsPerTransaction = 1_000;

/**
 * Purges by every rule in turn, a small transaction each time, until none finds anything or the run is over. A rule that
 * fails is left out, so that the others go on, and its failure is the activity's in the end: a purge that is stuck is seen.
 * Twice is safe: what is gone is not found again.
 */
export function createPurgeExpired(dependencies: {
  readonly transactions: Transactions;
  readonly retentionDays: number;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
  /** Told of parked statuses whose message never came to be known. */
  readonly onStatusesDropped: (count: number) => void;
}): UpkeepActivities['purgeExpired'] {
  const { transactions, retentionDays, clock, heartbeat, onStatusesDropped } = dependencies;

  return async function purgeExpiredRows() {
    const endMs = clock().getTime() + runForMs;
    let purged: PurgedCounts = {};
    let rules: readonly RetentionRule[] = retentionRules;
    const failures: unknown[] = [];
    while (rules.length > 0 && clock().getTime() < endMs) {
      const again: RetentionRule[] = [];
      for (const rule of rules) {
        heartbeat();
        const count = await purgeOne(rule, failures);
        if (count === 0) continue;
        again.push(rule);
        purged = addPurged(purged, { [rule]: count });
      }
      rules = again;
    }
    if (failures.length > 0) throw failures[0];
    return { purged, hasMore: rules.length > 0 };
  };

  async function purgeOne(rule: RetentionRule, failures: unknown[]): Promise<number> {
    const before = expiresBefore(rule, retentionDays, clock());
    try {
      const count = await transactions.acrossTenants((tx) => purgeExpired(tx, rule, before, rowsPerTransaction));
      if (rule === 'parked_statuses' && count > 0) onStatusesDropped(count);
      return count;
    } catch (error) {
      failures.push(error);
      return 0;
    }
  }
}
