import type { Tx } from './transactions.ts';

export interface KpiEvent {
  readonly id: string;
  readonly jobId: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly failures: number;
}

/**
 * The oldest undelivered event of each job of a channel that is due, so that a job's events go out in their order. Those
 * behind a postponed one are postponed with it, so however many wait, the due ones are found at once. Served by
 * `kpi_event_waiting` and `kpi_event_by_job`.
 */
export async function listDueKpiEvents(tx: Tx, channelId: string, now: Date, limit: number): Promise<KpiEvent[]> {
  const rows = await tx.query<{ id: string; job_id: string; value: Record<string, unknown>; failures: number }>({
    name: 'list-due-kpi-events',
    text: `select id, job_id, value, failures from kpi_event k
      where channel_id = $1 and delivered_at is null and next_attempt_at <= $2 and not exists (
        select 1 from kpi_event earlier where earlier.channel_id = k.channel_id and earlier.job_id = k.job_id
          and earlier.sequence < k.sequence and earlier.delivered_at is null
      )
      order by next_attempt_at, sequence limit $3`,
    values: [channelId, now, limit],
  });
  return rows.map((row) => ({ id: row.id, jobId: row.job_id, value: row.value, failures: row.failures }));
}

export async function markKpiDelivered(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return;
  await tx.execute({
    name: 'mark-kpi-delivered',
    text: 'update kpi_event set delivered_at = $2 where id = any ($1) and delivered_at is null',
    values: [ids, now],
  });
}

/**
 * Puts events back for later, each with its own time, and what their jobs have behind them with them. `hasFailed` false =
 * the sink was not called.
 */
export async function postponeKpiEvents(
  tx: Tx,
  events: readonly { id: string; until: Date; hasFailed: boolean }[],
): Promise<void> {
  if (events.length === 0) return;
  await tx.execute({
    text: `update kpi_event k
      set failures = k.failures + case when k.id = late.id and late.has_failed then 1 else 0 end, next_attempt_at = late.until
      from unnest($1::text[], $2::timestamptz[], $3::boolean[]) as late (id, until, has_failed) join kpi_event head on head.id = late.id
      where k.channel_id = head.channel_id and k.job_id = head.job_id and k.sequence >= head.sequence
        and k.delivered_at is null and head.delivered_at is null`,
    values: [
      events.map((event) => event.id),
      events.map((event) => event.until),
      events.map((event) => event.hasFailed),
    ],
  });
}

/** When the next undelivered event of a channel is due; null = the outbox is empty. Served by `kpi_event_waiting`. */
export async function findNextKpiDue(tx: Tx, channelId: string): Promise<Date | null> {
  const rows = await tx.query<{ next: Date | null }>({
    text: 'select min(next_attempt_at) as next from kpi_event where channel_id = $1 and delivered_at is null',
    values: [channelId],
  });
  return rows[0]?.next ?? null;
}
