import type { EventText } from '../domain/webhook/envelope.ts';
import type { Tx } from './transactions.ts';

/** Numbers are shared by all tenants: so many are looked at in one call, however few of them are wanted. */
const scannedAtOnce = 10_000n;

export interface StoredEvent extends EventText {
  /** A whole number that only rises. */
  readonly sequence: string;
  readonly jobId: string | null;
}

interface Row {
  id: string;
  type: string;
  job_id: string | null;
  data: string;
  sequence: string;
  created_at: Date;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Where the next page goes on: nothing wanted lies between the last event and it. */
  readonly position: bigint;
}

/**
 * A tenant's wanted events behind `after`, oldest first and never beyond `settled`. `filter` null = all types. Served by
 * `event_by_sequence`.
 */
export async function listEvents(
  tx: Tx,
  page: {
    readonly after: bigint;
    readonly settled: bigint;
    readonly filter: readonly string[] | null;
    readonly limit: number;
  },
): Promise<EventPage> {
  const { after, settled, filter, limit } = page;
  const from = after >= settled ? after : await skipPurged(tx, after);
  const upTo = settled < from + scannedAtOnce ? settled : from + scannedAtOnce;
  if (upTo <= from) return { events: [], position: upTo > after ? upTo : after };
  const rows = await tx.query<Row>({
    name: 'list-events',
    text: `select id, type, job_id, data::text as data, sequence::text as sequence, created_at from event
      where sequence > $1::bigint and sequence <= $2::bigint and event_is_wanted($3::text[], type)
      order by event.sequence limit $4`,
    values: [String(from), String(upTo), filter, limit],
  });
  const last = rows.at(-1);
  const isFull = rows.length === limit && last !== undefined;
  return { events: rows.map(toEvent), position: isFull ? BigInt(last.sequence) : upTo };
}

/** Retention took the oldest: looking through their numbers would find nothing. */
async function skipPurged(tx: Tx, after: bigint): Promise<bigint> {
  const rows = await tx.query<{ oldest: string | null }>({
    name: 'oldest-event',
    text: 'select (min(sequence) - 1)::text as oldest from event where sequence > $1::bigint',
    values: [String(after)],
  });
  const oldest = rows[0]?.oldest ?? null;
  return oldest === null || BigInt(oldest) < after ? after : BigInt(oldest);
}

/** The number of an event by its id; null = there is none, or it was purged. */
export async function findEventPosition(tx: Tx, id: string): Promise<bigint | null> {
  const rows = await tx.query<{ sequence: string }>({ text: 'select sequence from event where id = $1', values: [id] });
  return rows[0] === undefined ? null : BigInt(rows[0].sequence);
}

/** The highest number drawn so far, committed or not: whoever starts behind it gets what happens from now on. */
export async function findNewestPosition(tx: Tx): Promise<bigint> {
  const rows = await tx.query<{ newest: string }>({
    text: 'select last_event_sequence()::text as newest',
  });
  return BigInt(rows[0]?.newest ?? '0');
}

/** Events about something that is no job, such as an endpoint. `data` is shown as it is given. */
export async function insertEvents(
  tx: Tx,
  tenantId: string,
  events: readonly { readonly id: string; readonly type: string; readonly data: object }[],
  now: Date,
): Promise<void> {
  if (events.length === 0) return;
  await tx.execute({
    text: `insert into event (id, tenant_id, type, data, created_at)
      select entry ->> 'id', $2, entry ->> 'type', entry -> 'data', $3
      from json_array_elements($1::json) with ordinality as list (entry, position) order by position`,
    values: [JSON.stringify(events), tenantId, now],
  });
}

function toEvent(row: Row): StoredEvent {
  return {
    id: row.id,
    type: row.type,
    jobId: row.job_id,
    data: row.data,
    sequence: row.sequence,
    createdAt: row.created_at,
  };
}
