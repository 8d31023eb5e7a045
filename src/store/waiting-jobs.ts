import type { Tx } from './transactions.ts';

/**
 * How many jobs of the transaction's tenant wait to be taken up by a worker, counted up to `bound`: due, or given to
 * Temporal a moment ago. Not among them: what is due later, and what is held for its turn, its channel or its rate.
 * Served by `job_due`.
 */
export async function countWaitingOfTenant(tx: Tx, tenantId: string, bound: number): Promise<number> {
  const rows = await tx.query<{ waiting: number }>({
    name: 'count-waiting-of-tenant',
    text: `select count(*)::integer as waiting from (
        select 1 from job
        where tenant_id = $1 and state in ('queued', 'scheduled', 'held')
          and wake_at <= now() + interval '10 seconds' and (wake_at <= now() or state = 'queued')
        order by wake_at limit $2
      ) bounded`,
    values: [tenantId, bound],
  });
  return rows[0]?.waiting ?? 0;
}

/**
 * How many jobs of the transaction's tenant are scheduled, or held for their turn, their channel or their rate, counted up to
 * `bound`. Served by `job_due`; without an order, which the planner would sort for.
 */
export async function countLaterOfTenant(tx: Tx, tenantId: string, bound: number): Promise<number> {
  const rows = await tx.query<{ later: number }>({
    name: 'count-later-of-tenant',
    text: `select count(*)::integer as later from (
        select 1 from job
        where tenant_id = $1 and state in ('scheduled', 'held') and wake_at > now() + interval '10 seconds'
        limit $2
      ) bounded`,
    values: [tenantId, bound],
  });
  return rows[0]?.later ?? 0;
}
