import { type EndpointHealth, isBroken } from '../domain/delivery/endpoint-health.ts';
import type { Tx } from './transactions.ts';

const blockedAtOnce = 1_000;

/** How a channel's KPI sink does; its row is locked until the transaction ends. No row = it is whole. */
export async function lockSinkHealth(tx: Tx, channelId: string): Promise<EndpointHealth> {
  const [row] = await tx.query<{ failures: number; opened_at: Date | null; probe_at: Date | null }>({
    name: 'lock-sink-health',
    text: `select failures, opened_at, probe_at from destination_breaker
      where channel_id = $1 and destination = 'kpi' for update`,
    values: [channelId],
  });
  return { failuresInARow: row?.failures ?? 0, failingSince: row?.opened_at ?? null, probeAt: row?.probe_at ?? null };
}

/** It takes what it is sent, and need not be left alone. */
export function isWhole({ failuresInARow, probeAt }: EndpointHealth): boolean {
  return failuresInARow === 0 && probeAt === null;
}

/** Keeps how the sink does now. A whole one has no row; since when it fails counts from the opening of its breaker. */
export async function writeSinkHealth(
  tx: Tx,
  { tenantId, channelId }: { readonly tenantId: string; readonly channelId: string },
  health: EndpointHealth,
): Promise<void> {
  const { failuresInARow, failingSince, probeAt } = health;
  if (isWhole(health)) {
    await tx.execute({
      name: 'forget-sink-failures',
      text: `delete from destination_breaker where channel_id = $1 and destination = 'kpi'`,
      values: [channelId],
    });
    return;
  }
  await tx.execute({
    name: 'write-sink-health',
    text: `insert into destination_breaker (tenant_id, channel_id, destination, failures, opened_at, probe_at)
      values ($1, $2, 'kpi', $3, $4, $5)
      on conflict (channel_id, destination) do update set failures = excluded.failures, opened_at = excluded.opened_at,
        probe_at = excluded.probe_at`,
    values: [tenantId, channelId, failuresInARow, isBroken(failuresInARow) ? failingSince : null, probeAt],
  });
}

/**
 * Puts what is due behind an event of its job that waits for a later time, a page of it, to that time: it cannot go before,
 * and would be read at each claim. What is behind an event that is being sent stays due. Served by `delivery_endpoint_due`,
 * `delivery_by_job`.
 */
export async function postponeBlocked(
  tx: Tx,
  { channelId, now }: { readonly channelId: string; readonly now: Date },
): Promise<void> {
  await tx.execute({
    name: 'postpone-blocked',
    text: `
      with due as materialized (
        select id, job_id, endpoint_id, position from delivery
        where endpoint_id = $1 and state = 'pending' and next_attempt_at <= $2 and job_id is not null
        order by next_attempt_at, position limit $3 for update skip locked)
      update delivery d set next_attempt_at = head.next_attempt_at
      from due cross join lateral (
        select e.next_attempt_at, e.attempt_count, e.attempts -> -1 ->> 'outcome' as outcome from delivery e
        where e.job_id = due.job_id and e.position < due.position
          and case when e.kind = 'kpi' and e.state = 'pending' then e.endpoint_id = due.endpoint_id end
        order by e.position limit 1) head
      where d.id = due.id and head.next_attempt_at > $2 and (head.attempt_count = 0 or head.outcome is not null)`,
    values: [channelId, now, blockedAtOnce],
  });
}

/**
 * Puts what jobs have behind KPI events that are to be tried again later with them, so that a job's events go out in their
 * order, and the due ones are found at once however many wait. Served by `delivery_by_job`.
 */
export async function postponeBehind(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.execute({
    name: 'postpone-behind',
    text: `
      with head as materialized (
        select endpoint_id, job_id, position, next_attempt_at from delivery
        -- Inside a case the state draws no plan to the index of pending rows, which may be all of them.
        where id = any ($1) and case when state = 'pending' then true else false end)
      update delivery d set next_attempt_at = head.next_attempt_at
      from head where d.job_id = head.job_id and d.position > head.position
        and case when d.kind = 'kpi' and d.state = 'pending' then d.endpoint_id = head.endpoint_id end`,
    values: [ids],
  });
}
