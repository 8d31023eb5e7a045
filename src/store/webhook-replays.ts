import type { CreateId } from '../domain/ids.ts';
import type { Webhook } from '../domain/webhook/webhook.ts';
import type { Tx } from './transactions.ts';

/** An event to be sent (again): it has a delivery, or none was ever made. */
interface Replayable {
  readonly eventId: string;
  readonly type: string;
  readonly jobId: string | null;
  readonly createdAt: Date;
  readonly deliveryId: string | null;
}

/**
 * The events since a time that an endpoint wants and is past, oldest first: those that its relay has yet to come to are
 * sent anyway, and so is what is pending. Served by `event_by_time` and `delivery_by_endpoint`.
 */
export async function listReplayable(
  tx: Tx,
  wanted: {
    readonly webhook: Webhook;
    readonly eventCursor: bigint;
    readonly since: Date;
    readonly onlyFailed: boolean;
    readonly limit: number;
  },
): Promise<Replayable[]> {
  const { webhook, eventCursor, since, onlyFailed, limit } = wanted;
  const rows = await tx.query<{
    event_id: string;
    type: string;
    job_id: string | null;
    created_at: Date;
    delivery_id: string | null;
  }>({
    text: `
      select e.id as event_id, e.type, e.job_id, e.created_at, d.id as delivery_id
      from event e left join delivery d on d.endpoint_id = $1 and d.event_id = e.id and d.kind in ('event', 'test')
      where e.created_at >= $2 and e.sequence <= $3::bigint and event_is_wanted($4::text[], e.type)
        and not (e.type like 'webhook.%' and e.data ->> 'id' = $1)
        and (d.id is null or d.state in ('failed', 'disabled') or (d.state = 'delivered' and not $5))
      order by e.created_at, e.sequence limit $6`,
    values: [webhook.id, since, String(eventCursor), webhook.events, onlyFailed, limit],
  });
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    jobId: row.job_id,
    createdAt: row.created_at,
    deliveryId: row.delivery_id,
  }));
}

/** Makes them due now: a delivery that there is keeps its attempts, and its schedule begins anew. */
export async function makeDue(
  tx: Tx,
  webhook: Webhook,
  replayable: readonly Replayable[],
  made: { readonly createId: CreateId; readonly now: Date },
): Promise<void> {
  const entries = replayable.map((each) => ({ ...each, id: each.deliveryId ?? made.createId('delivery') }));
  await tx.execute({
    text: `
      insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, event_type, url, next_attempt_at,
        created_at, updated_at)
      select entry ->> 'id', $2, 'event', (select j.id from job j where j.id = entry ->> 'jobId'), $3,
        entry ->> 'eventId', entry ->> 'type', $4, $5, $5, $5
      from jsonb_array_elements($1::jsonb) with ordinality as list (entry, position) order by position
      on conflict (endpoint_id, event_id) where kind in ('event', 'test') do update set
        state = 'pending', next_attempt_at = excluded.next_attempt_at, error = null, url = excluded.url,
        earlier_attempts = delivery.attempt_count, updated_at = excluded.updated_at
      where delivery.state <> 'pending'`,
    values: [JSON.stringify(entries), webhook.tenantId, webhook.id, webhook.url, made.now],
  });
}

/** Makes one delivery of an event due now; false = it is pending already, or its event was purged. */
export async function makeOneDue(tx: Tx, deliveryId: string, url: string, now: Date): Promise<boolean> {
  const count = await tx.execute({
    text: `update delivery d set state = 'pending', next_attempt_at = $3, error = null, url = $2,
        earlier_attempts = d.attempt_count, updated_at = $3
      where d.id = $1 and d.kind = 'event' and d.state <> 'pending'
        and exists (select 1 from event e where e.id = d.event_id)`,
    values: [deliveryId, url, now],
  });
  return count === 1;
}

/** The endpoint of a delivery; null = there is no such delivery of an event. */
export async function findWebhookOfDelivery(tx: Tx, deliveryId: string): Promise<string | null> {
  const rows = await tx.query<{ webhook_id: string | null }>({
    text: `select endpoint_id as webhook_id from delivery where id = $1 and kind = 'event'`,
    values: [deliveryId],
  });
  return rows[0]?.webhook_id ?? null;
}
