import { type ErasedCounts, nothingErased } from '../domain/erasure.ts';
import { nameOfIdentity } from '../domain/identity/identity.ts';
import type { Job } from '../domain/job.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import { eraseNoticesOf } from './notices.ts';
import { findOwnIds, forgetPeople, isOwnedBy, type OwnId } from './people.ts';
import type { Tx } from './transactions.ts';

/** An erasure that is under way: jobs accepted up to `coversUntil`, and what those in `followed` brought about later. */
export interface Erasure {
  readonly id: string;
  readonly tenantId: string;
  /** The id that was asked for. */
  readonly recipient: string;
  /** Null = nothing but that id is known. */
  readonly personId: string | null;
  /** All ids of the person. */
  readonly ids: readonly OwnId[];
  readonly coversUntil: Date;
  readonly followed: readonly string[];
  readonly erased: ErasedCounts;
}

interface Row {
  id: string;
  tenant_id: string;
  recipient: string;
  person_id: string | null;
  own_ids: { id: string; since: string | null; until: string | null }[];
  covers_until: Date;
  followed: string[];
  erased: Partial<ErasedCounts>;
}

const columns = 'id, tenant_id, recipient, person_id, own_ids, covers_until, followed, erased';

/** Begins an erasure, or makes the one that is under way cover what was accepted meanwhile. Its row is locked. */
export async function beginErasure(
  tx: Tx,
  erasure: Pick<Erasure, 'id' | 'tenantId' | 'recipient' | 'coversUntil'> & { readonly wakeAt: Date },
): Promise<Erasure> {
  const { personId, ids } = await findOwnIds(tx, erasure.recipient);
  const rows = await tx.query<Row>({
    text: `insert into recipient_erasure (id, tenant_id, recipient, covers_until, wake_at, person_id, own_ids)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, recipient) do update set covers_until = greatest(recipient_erasure.covers_until, $4),
        person_id = coalesce(excluded.person_id, recipient_erasure.person_id), own_ids = excluded.own_ids
      returning ${columns}`,
    values: [
      erasure.id,
      erasure.tenantId,
      erasure.recipient,
      erasure.coversUntil,
      erasure.wakeAt,
      personId,
      JSON.stringify(ids),
    ],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an erasure was not stored');
  return toErasure(row);
}

/** With its row locked: of several workers one goes on with it. Null = it is complete. */
export async function lockErasure(tx: Tx, id: string): Promise<Erasure | null> {
  const rows = await tx.query<Row>({
    text: `select ${columns} from recipient_erasure where id = $1 for update`,
    values: [id],
  });
  return rows[0] === undefined ? null : toErasure(rows[0]);
}

/** $1 to $4 of every statement that looks for an erasure's jobs. Served by `job_by_recipient`. */
const isCovered = `recipient = any ($1) and (created_at <= $2 or group_id = any ($3) or caused_by = any ($3))
  and ${isOwnedBy('$4')}`;
const coverage = ({ ids, coversUntil, followed }: Erasure) => [
  ids.map(({ id }) => id),
  coversUntil,
  followed,
  JSON.stringify(ids),
];

/** What is not sent yet, its rows locked: who holds one is waited for. */
export async function lockUnsentJobs(tx: Tx, erasure: Erasure, limit: number): Promise<Job[]> {
  const rows = await tx.query<JobRow>({
    text: `select ${jobColumns} from job where ${isCovered} and state in ('scheduled', 'queued', 'held')
      order by created_at limit $5 for update`,
    values: [...coverage(erasure), limit],
  });
  return rows.map(toJob);
}

/** The oldest jobs that are not on the wire, their rows locked; what somebody else holds is left for later. */
export async function lockErasableJobs(tx: Tx, erasure: Erasure, limit: number): Promise<Job[]> {
  const rows = await tx.query<JobRow>({
    text: `select ${jobColumns} from job where ${isCovered} and state not in ('sending', 'relaying')
      order by created_at limit $5 for update skip locked`,
    values: [...coverage(erasure), limit],
  });
  return rows.map(toJob);
}

/** What cannot be cancelled any more and may still bring about replies and notices. */
export async function listJobsOnTheWire(tx: Tx, erasure: Erasure, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({
    text: `select id from job where ${isCovered} and state in ('sending', 'relaying') limit $5`,
    values: [...coverage(erasure), limit],
  });
  return rows.map(({ id }) => id);
}

/** Whatever is left of an erasure's jobs. */
export async function listJobsLeft(tx: Tx, erasure: Erasure, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({
    text: `select id from job where ${isCovered} limit $5`,
    values: [...coverage(erasure), limit],
  });
  return rows.map(({ id }) => id);
}

/** Deletes jobs with all that hangs on them and all that tells of them. Served by `event_by_job`, `delivery_by_job`. */
export async function deleteJobs(tx: Tx, ids: readonly string[]): Promise<Partial<ErasedCounts>> {
  const rows = await tx.query<Record<'events' | 'kpi' | 'deliveries' | 'statuses', number>>({
    text: `
      with events as (delete from event where job_id = any ($1) returning 1),
        gone as (delete from delivery where job_id = any ($1) returning kind),
        statuses as (delete from provider_status where job_id = any ($1) returning 1)
      select (select count(*)::integer from events) as events, (select count(*)::integer from gone where kind = 'kpi') as kpi,
        (select count(*)::integer from gone where kind <> 'kpi') as deliveries, (select count(*)::integer from statuses) as statuses`,
    values: [ids],
  });
  const deleted = await tx.query<{ messages: number; inbound: number }>({
    text: `with deleted as (delete from job where id = any ($1) returning kind)
      select count(*) filter (where kind = 'message')::integer as messages,
        count(*) filter (where kind = 'inbound')::integer as inbound
      from deleted`,
    values: [ids],
  });
  const { kpi: kpiEvents, ...aside } = rows[0] ?? { events: 0, kpi: 0, deliveries: 0, statuses: 0 };
  return { ...aside, kpiEvents, ...deleted[0] };
}

/** What is kept of a person by itself: who is who, limits of pairs, and statuses whose message is not known. */
export async function deleteTraces(tx: Tx, { ids, personId, recipient }: Erasure): Promise<Partial<ErasedCounts>> {
  const own = ids.filter(({ until }) => until === null).map(({ id }) => id);
  const limits = await tx.execute({
    text: 'delete from send_limit where channel_id in (select id from channel) and recipient = any ($1)',
    values: [own],
  });
  const statuses = await tx.execute({
    // The provider names numbers without the plus. Served by `provider_status_parked`.
    text: `delete from provider_status where job_id is null and (item ->> 'recipient_id' = any ($1)
      or item ->> 'recipient_user_id' = any ($1) or item ->> 'recipient_parent_user_id' = any ($1))`,
    values: [own.map(nameOfIdentity)],
  });
  const names = ids.map(({ id }) => nameOfIdentity(id));
  await tx.execute({
    text: 'delete from reply_window where channel_id in (select id from channel) and person = any ($1)',
    values: [names],
  });
  const notices = await eraseNoticesOf(tx, own.map(nameOfIdentity));
  return { limits, statuses, notices, identities: await forgetPeople(tx, { personId, id: recipient }) };
}

export async function saveErasure(tx: Tx, erasure: Erasure, wakeAt: Date): Promise<void> {
  await tx.execute({
    text: 'update recipient_erasure set followed = $2, erased = $3, wake_at = $4 where id = $1',
    values: [erasure.id, erasure.followed, JSON.stringify(erasure.erased), wakeAt],
  });
}

/** The number goes with the row. */
export async function endErasure(tx: Tx, id: string): Promise<void> {
  await tx.execute({ text: 'delete from recipient_erasure where id = $1', values: [id] });
}

function toErasure(row: Row): Erasure {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    recipient: row.recipient,
    personId: row.person_id,
    ids: row.own_ids.map(({ id, since, until }) => ({ id, since: toDate(since), until: toDate(until) })),
    coversUntil: row.covers_until,
    followed: row.followed,
    erased: { ...nothingErased, ...row.erased },
  };
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
