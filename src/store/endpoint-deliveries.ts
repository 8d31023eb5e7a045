import { type DeliveryAttempt, openAttempt } from '../domain/delivery/delivery.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { buildEnvelope } from '../domain/webhook/envelope.ts';
import { leaseDeliveries } from './deliveries.ts';
import type { DeliveryResult } from './delivery-results.ts';
import type { Transactions, Tx } from './transactions.ts';

/** A transaction changes so many rows of an endpoint at most; `inPages` goes on in the next. */
const rowsAtOnce = 1_000;

/** One document for one endpoint, taken to be tried now. */
export interface EndpointDelivery {
  readonly id: string;
  readonly jobId: string | null;
  /** The id that the receiver sees. */
  readonly eventId: string;
  /** Null = it is a KPI event. */
  readonly eventType: string | null;
  /** An event's envelope; of a KPI event the value in it. */
  readonly body: string;
  /** With the open one of this try last. */
  readonly attempts: readonly DeliveryAttempt[];
  /** Made before it was last replayed. */
  readonly earlierAttempts: number;
  /** False = it was never stored: recording it makes its row. */
  readonly isStored: boolean;
}

interface ClaimRow {
  id: string;
  job_id: string | null;
  event_id: string;
  event_type: string | null;
  body: string | null;
  /** Null = a KPI event, or the event was purged. */
  data: string | null;
  event_created_at: Date;
  attempts: DeliveryAttempt[];
  earlier_attempts: number;
}

/**
 * Takes due deliveries of an endpoint, the longest due first, as `claimCallbacks` does; of KPI events the first that is left of each
 * job. One whose event was purged has nothing to say, and ends. Served by `delivery_endpoint_due`, `delivery_by_job`.
 */
export async function claimDeliveries(
  tx: Tx,
  claim: {
    readonly endpointId: string;
    readonly url: string;
    readonly publicUrl: string;
    readonly limit: number;
    readonly now: Date;
    readonly leaseUntil: Date;
  },
): Promise<EndpointDelivery[]> {
  const rows = await tx.query<ClaimRow>({
    name: 'claim-deliveries',
    // The due ones are taken from their index until there are enough; only then their events are joined, for a join would have
    // all of them read and sorted first. Inside the case nothing draws a plan to an index of pending rows.
    text: `
      select d.id, d.job_id, d.event_id, d.event_type, d.body, e.data::text as data, e.created_at as event_created_at,
        d.attempts, d.earlier_attempts
      from (
        select d.* from delivery d
        where d.endpoint_id = $1 and d.state = 'pending' and d.next_attempt_at <= $2 and (d.kind = 'event' or not exists (
          select from delivery earlier where earlier.job_id = d.job_id and earlier.position < d.position
            and case when earlier.state = 'pending' and earlier.kind = 'kpi' then earlier.endpoint_id = d.endpoint_id end))
        order by d.next_attempt_at, d.position limit $3 for update skip locked
      ) d left join event e on e.id = d.event_id
      order by d.next_attempt_at, d.position`,
    values: [claim.endpointId, claim.now, claim.limit],
  });
  const claimed = rows.flatMap((row): EndpointDelivery[] => {
    const body = row.body ?? envelopeOf(row, claim.publicUrl);
    if (body === null) return [];
    return [
      {
        id: row.id,
        jobId: row.job_id,
        eventId: row.event_id,
        eventType: row.event_type,
        body,
        attempts: openAttempt(row.attempts, claim.now),
        earlierAttempts: row.earlier_attempts,
        isStored: true,
      },
    ];
  });
  const purged = rows.filter((row) => row.body === null && row.data === null).map(({ id }) => id);
  if (purged.length > 0) await endPurged(tx, purged, claim.now);
  if (claimed.length > 0) await leaseDeliveries(tx, claimed, claim);
  return claimed;
}

function envelopeOf(row: ClaimRow, publicUrl: string): string | null {
  const { event_id: id, event_type: type, data, event_created_at: createdAt } = row;
  return data === null ? null : buildEnvelope({ id, type: type ?? '', data, createdAt }, publicUrl);
}

async function endPurged(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await tx.execute({
    name: 'end-purged-deliveries',
    text: `update delivery set state = 'disabled', next_attempt_at = null, updated_at = $2 where id = any ($1)`,
    values: [ids, now],
  });
}

export interface EndpointResult extends DeliveryResult {
  readonly delivery: EndpointDelivery;
}

interface Owner {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly url: string;
}

/** Stores deliveries that were tried before they had a row, in the order of their events. */
export async function insertResults(
  tx: Tx,
  owner: Owner,
  results: readonly EndpointResult[],
  now: Date,
): Promise<void> {
  if (results.length === 0) return;
  await tx.execute({
    name: 'insert-event-results',
    // The job may have been purged meanwhile, and its events live on without it; what was erased leaves no delivery.
    text: `
      insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, event_type, url, state, attempts,
        attempt_count, next_attempt_at, not_before, error, created_at, updated_at)
      select r.id, $2, 'event', (select j.id from job j where j.id = r.job_id), $3, r.event_id, r.event_type, $4, r.state,
        r.attempts, jsonb_array_length(r.attempts), r.next_attempt_at, r.not_before, r.error, $5, $5
      from (
        select entry ->> 'id' as id, entry ->> 'jobId' as job_id, entry ->> 'eventId' as event_id,
          entry ->> 'eventType' as event_type, (entry -> 'attempts')::jsonb as attempts, entry ->> 'state' as state,
          (entry ->> 'nextAttemptAt')::timestamptz as next_attempt_at, (entry ->> 'notBefore')::timestamptz as not_before,
          case when json_typeof(entry -> 'error') = 'null' then null else entry -> 'error' end as error, position
        from json_array_elements($1::json) with ordinality as list (entry, position)
      ) r where exists (select 1 from event e where e.id = r.event_id) order by r.position
      on conflict (endpoint_id, event_id) where kind in ('event', 'test') do nothing`,
    values: [JSON.stringify(results.map(toEntry)), owner.tenantId, owner.endpointId, owner.url, now],
  });
}

/** Ends what is still to be sent to an endpoint that takes nothing any more, a page of it; returns how many. */
export async function disableDeliveries(tx: Tx, endpointId: string, error: Problem | null, now: Date): Promise<number> {
  return tx.execute({
    text: `update delivery set state = 'disabled', next_attempt_at = null, error = coalesce($2, error), updated_at = $3
      where id = any (array(select id from delivery where endpoint_id = $1 and state = 'pending'
        order by next_attempt_at, position limit $4 for update))`,
    values: [endpointId, error === null ? null : JSON.stringify(error), now, rowsAtOnce],
  });
}

/**
 * The endpoint answers again: what waits for a later try is due now, a page of it, but for what somebody is sending, and no
 * earlier than the `Retry-After` of its own last answer. Returns how many it has moved.
 */
export async function hastenDeliveries(tx: Tx, endpointId: string, now: Date): Promise<number> {
  return tx.execute({
    text: `update delivery set next_attempt_at = greatest($2, not_before)
      where id = any (array(select id from delivery
        where endpoint_id = $1 and state = 'pending' and next_attempt_at > $2 and next_attempt_at > greatest($2, not_before)
          and (attempt_count = 0 or attempts -> -1 ->> 'outcome' is not null)
        order by next_attempt_at, position limit $3 for update))`,
    values: [endpointId, now, rowsAtOnce],
  });
}

/** Changes an endpoint's deliveries in one transaction after the other, until `change` finds no full page. */
export async function inPages(
  transactions: Transactions,
  tenantId: string,
  change: (tx: Tx) => Promise<number>,
): Promise<void> {
  while ((await transactions.withTenant(tenantId, change)) >= rowsAtOnce);
}

function toEntry({ delivery, attempts, state, nextAttemptAt, notBefore, error }: EndpointResult) {
  return {
    id: delivery.id,
    jobId: delivery.jobId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    attempts,
    state,
    nextAttemptAt,
    notBefore,
    error,
  };
}
