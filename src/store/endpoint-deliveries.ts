import { type DeliveryAttempt, type DeliveryState, openAttempt } from '../domain/delivery/delivery.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { buildEnvelope } from '../domain/webhook/envelope.ts';
import { leaseDeliveries } from './deliveries.ts';
import type { Tx } from './transactions.ts';

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
  data: string;
  event_created_at: Date;
  attempts: DeliveryAttempt[];
  earlier_attempts: number;
}

/**
 * Takes due deliveries of an endpoint, the longest due first, as `claimCallbacks` does; of KPI events the first that is left of each
 * job. Served by `delivery_endpoint_due`, `delivery_by_job`.
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
        where d.endpoint_id = $1 and d.state = 'pending' and d.next_attempt_at <= $2 and case
          when d.kind = 'event' then (select e.id from event e where e.id = d.event_id) is not null
          else not exists (
            select from delivery earlier where earlier.job_id = d.job_id and earlier.position < d.position
              and case when earlier.state = 'pending' and earlier.kind = 'kpi' then earlier.endpoint_id = d.endpoint_id end)
          end
        order by d.next_attempt_at, d.position limit $3 for update skip locked
      ) d left join event e on e.id = d.event_id
      order by d.next_attempt_at, d.position`,
    values: [claim.endpointId, claim.now, claim.limit],
  });
  const claimed = rows.map((row) => ({
    id: row.id,
    jobId: row.job_id,
    eventId: row.event_id,
    eventType: row.event_type,
    body:
      row.body ??
      buildEnvelope(
        { id: row.event_id, type: row.event_type ?? '', data: row.data, createdAt: row.event_created_at },
        claim.publicUrl,
      ),
    attempts: openAttempt(row.attempts, claim.now),
    earlierAttempts: row.earlier_attempts,
    isStored: true,
  }));
  if (claimed.length === 0) return [];
  await leaseDeliveries(tx, claimed, claim);
  return claimed;
}

/** What became of a delivery. `nextAttemptAt` null = it is not tried again. */
export interface EndpointResult {
  readonly delivery: EndpointDelivery;
  readonly attempts: readonly DeliveryAttempt[];
  readonly state: DeliveryState;
  readonly nextAttemptAt: Date | null;
  readonly error: Problem | null;
}

interface Owner {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly url: string;
}

const recordset = `
  select entry ->> 'id' as id, entry ->> 'jobId' as job_id, entry ->> 'eventId' as event_id,
    entry ->> 'eventType' as event_type, (entry -> 'attempts')::jsonb as attempts, entry ->> 'state' as state,
    (entry ->> 'nextAttemptAt')::timestamptz as next_attempt_at, (entry ->> 'claimed')::integer as claimed,
    case when json_typeof(entry -> 'error') = 'null' then null else entry -> 'error' end as error, position
  from json_array_elements($1::json) with ordinality as list (entry, position)`;

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
        attempt_count, next_attempt_at, error, created_at, updated_at)
      select r.id, $2, 'event', (select j.id from job j where j.id = r.job_id), $3, r.event_id, r.event_type, $4, r.state,
        r.attempts, jsonb_array_length(r.attempts), r.next_attempt_at, r.error, $5, $5
      from (${recordset}) r where exists (select 1 from event e where e.id = r.event_id) order by r.position
      on conflict (endpoint_id, event_id) where kind in ('event', 'test') do nothing`,
    values: [JSON.stringify(results.map(toEntry)), owner.tenantId, owner.endpointId, owner.url, now],
  });
}

/** Records tries of stored deliveries. A result whose claim has passed to somebody else changes nothing. */
export async function updateResults(tx: Tx, results: readonly EndpointResult[], now: Date): Promise<void> {
  if (results.length === 0) return;
  await tx.execute({
    name: 'update-delivery-results',
    text: `
      update delivery d set attempts = r.attempts, attempt_count = jsonb_array_length(r.attempts), state = r.state,
        next_attempt_at = r.next_attempt_at, error = r.error, updated_at = $2
      -- "offset 0" keeps the set a set, with plain columns: row level security lets no index be asked with what a function
      -- makes of them.
      from (${recordset} offset 0) r
      -- Inside a case the state draws no plan to the index of pending rows, which may be all of them.
      where d.id = r.id and case when d.state = 'pending' then d.attempt_count = r.claimed end`,
    values: [JSON.stringify(results.map(toEntry)), now],
  });
}

/** The problems of tries, each once. */
export async function insertProblems(tx: Tx, tenantId: string, problems: readonly Problem[]): Promise<void> {
  if (problems.length === 0) return;
  const entries = problems.map((document) => ({ id: document.instance.split('/').at(-1), document }));
  await tx.execute({
    name: 'insert-delivery-problems',
    text: `
      insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
      select entry ->> 'id', $2, (select j.id from job j where j.id = entry -> 'document' ->> 'jobId'),
        entry -> 'document' ->> 'code', entry -> 'document' ->> 'source', entry -> 'document' ->> 'class',
        (entry -> 'document' ->> 'occurredAt')::timestamptz, entry -> 'document'
      from json_array_elements($1::json) as list (entry)
      on conflict (id) do nothing`,
    values: [JSON.stringify(entries), tenantId],
  });
}

/** Ends what is still to be sent to an endpoint that takes nothing any more; returns how many. */
export async function disableDeliveries(tx: Tx, endpointId: string, error: Problem | null, now: Date): Promise<number> {
  return tx.execute({
    text: `update delivery set state = 'disabled', next_attempt_at = null, error = coalesce($2, error), updated_at = $3
      where endpoint_id = $1 and state = 'pending'`,
    values: [endpointId, error === null ? null : JSON.stringify(error), now],
  });
}

/** The endpoint answers again: what waits for a later try is due now, but for what somebody is sending. */
export async function hastenDeliveries(tx: Tx, endpointId: string, now: Date): Promise<void> {
  await tx.execute({
    text: `update delivery set next_attempt_at = $2
      where endpoint_id = $1 and state = 'pending' and next_attempt_at > $2
        and (attempt_count = 0 or attempts -> -1 ->> 'outcome' is not null)`,
    values: [endpointId, now],
  });
}

function toEntry({ delivery, attempts, state, nextAttemptAt, error }: EndpointResult) {
  return {
    id: delivery.id,
    jobId: delivery.jobId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    attempts,
    state,
    nextAttemptAt,
    claimed: delivery.attempts.length,
    error,
  };
}
