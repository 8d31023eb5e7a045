import { expiresBefore, type RetentionRule, retentionRules } from '../domain/retention.ts';
import type { Tx } from './transactions.ts';

/** What should have gone: `overdueMs` = by how much the oldest row of the rule is older than it may be. */
export interface Overdue {
  readonly rule: RetentionRule;
  readonly overdueMs: number;
}

/** The rules of which a row is too old; across all tenants, each a look at the first entry of an index. */
export async function listOverdue(tx: Tx, retentionDays: number, now: Date): Promise<Overdue[]> {
  const befores = retentionRules.map((rule) => expiresBefore(rule, retentionDays, now));
  const rows = await tx.query<{ rule: RetentionRule; oldest: Date }>({
    text: 'select rule, oldest from list_expired($1, $2)',
    values: [retentionRules, befores],
  });
  return rows.map(({ rule, oldest }) => ({
    rule,
    overdueMs: expiresBefore(rule, retentionDays, now).getTime() - oldest.getTime(),
  }));
}

/** Deletes what is older than `before`, at most `limit` rows, whatever hangs on them included; 0 = there is none. */
export async function purgeExpired(tx: Tx, rule: RetentionRule, before: Date, limit: number): Promise<number> {
  const rows = await tx.query<{ purged: number }>({
    text: 'select purge_expired($1, $2, $3) as purged',
    values: [rule, before, limit],
  });
  return rows[0]?.purged ?? 0;
}
