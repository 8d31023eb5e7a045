import type { BatchRecipient } from '../domain/notification/request.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Found } from './found.ts';
import type { Tx } from './transactions.ts';

export const recipientStates = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type RecipientState = (typeof recipientStates)[number];

/**
 * One row a distinct recipient among the named users with positions from `from` up to `to`, this one not included. A user
 * named again, here or before, adds nothing, so ordinals have gaps there. Again it changes nothing.
 */
export async function expandRecipients(
  tx: Tx,
  batch: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly from: number;
    readonly to: number;
    readonly now: Date;
  },
): Promise<void> {
  await tx.execute({
    text: `
      with receiver as materialized ( -- a receiver is taken apart once, not once for each of its users
        select entry.position, entry.value ->> 'merchantId' as merchant_id, entry.value -> 'userIds' as user_ids
        from job, json_array_elements(job.request -> 'receivers') with ordinality as entry (value, position)
        where job.id = $2
      ), named as (
        select row_number() over (order by receiver.position, member.position)::integer as position,
          receiver.merchant_id, member.value as user_id
        from receiver, json_array_elements_text(receiver.user_ids) with ordinality as member (value, position)
      )
      insert into recipient (tenant_id, job_id, ordinal, merchant_id, user_id, state, updated_at)
      select $1, $2, position - 1, merchant_id, user_id, 'pending', $5 from named
      where position > $3 and position <= $4 order by position
      on conflict do nothing`,
    values: [batch.tenantId, batch.jobId, batch.from, batch.to, batch.now],
  });
}

/** Makes those whom an earlier run did not reach wait again. */
export async function reopenRecipients(tx: Tx, jobId: string, now: Date): Promise<void> {
  await tx.execute({
    text: `update recipient set state = 'pending', error_code = null, push_due_at = null, updated_at = $2
      where job_id = $1 and state in ('failed', 'cancelled')`,
    values: [jobId, now],
  });
}

/** Stops those who are still waiting; returns how many. */
export async function cancelPendingRecipients(tx: Tx, jobId: string, now: Date): Promise<number> {
  return tx.execute({
    text: "update recipient set state = 'cancelled', updated_at = $2 where job_id = $1 and state = 'pending'",
    values: [jobId, now],
  });
}

export async function countRecipientStates(
  tx: Tx,
  jobId: string,
): Promise<{ recipients: number; delivered: number; pending: number }> {
  const rows = await tx.query<{ recipients: number; delivered: number; pending: number }>({
    text: `select count(*)::integer as recipients, count(*) filter (where state = 'delivered')::integer as delivered,
      count(*) filter (where state = 'pending')::integer as pending from recipient where job_id = $1`,
    values: [jobId],
  });
  return rows[0] ?? { recipients: 0, delivered: 0, pending: 0 };
}

/** Those of a page, a range of ordinals, who still wait. */
export async function listPendingRecipients(
  tx: Tx,
  page: { readonly jobId: string; readonly from: number; readonly to: number },
): Promise<BatchRecipient[]> {
  const rows = await tx.query<{ ordinal: number; merchant_id: string; user_id: string }>({
    name: 'list-pending-recipients',
    text: `select ordinal, merchant_id, user_id from recipient
      where job_id = $1 and ordinal >= $2 and ordinal < $3 and state = 'pending' order by ordinal`,
    values: [page.jobId, page.from, page.to],
  });
  return rows.map((row) => ({ ordinal: row.ordinal, merchantId: row.merchant_id, userId: row.user_id }));
}

/**
 * Settles waiting recipients whose inbox rows are stored; whoever is settled already stays as he is. Returns how many were.
 * No join: one that was planned on stale statistics would compare everybody of the page with everybody.
 */
export async function markDelivered(tx: Tx, jobId: string, ordinals: readonly number[], now: Date): Promise<number> {
  if (ordinals.length === 0) return 0;
  return tx.execute({
    name: 'mark-recipients-delivered',
    text: `
      update recipient r set state = 'delivered', updated_at = $3, notification_id = (
        select n.id from inbox_notification n
        where n.tenant_id = r.tenant_id and n.job_id = r.job_id and n.merchant_id = r.merchant_id
          and n.user_id = r.user_id)
      where r.job_id = $1 and r.ordinal = any ($2::integer[]) and r.state = 'pending'`,
    values: [jobId, ordinals, now],
  });
}

/** Fails waiting recipients, all with one code; returns how many. */
export async function markFailed(
  tx: Tx,
  jobId: string,
  failed: { readonly code: string; readonly ordinals: readonly number[] },
  now: Date,
): Promise<number> {
  return tx.execute({
    name: 'mark-recipients-failed',
    text: `update recipient set state = 'failed', error_code = $3, updated_at = $4
      where job_id = $1 and ordinal = any ($2::integer[]) and state = 'pending'`,
    values: [jobId, failed.ordinals, failed.code, now],
  });
}

export interface Recipient extends BatchRecipient {
  readonly state: RecipientState;
  /** The problem of this user, or of the whole merchant; null = none. */
  readonly error: Problem | null;
  readonly notificationId: string | null;
  readonly possibleDuplicate: boolean;
  readonly updatedAt: Date;
}

/** So many rows of a batch are looked through for what a filter asks, before a page is given as far as it got. */
const lookedAtOnce = 20_000;
const maxOrdinal = 2_147_483_647;

/**
 * A batch's recipients in order of first mention, from after ordinal `after` (-1 = from the start). With a filter a page may
 * hold less than there is, and `lookedUpTo` says where to go on: an index by state would make every delivery dearer.
 */
export async function listRecipients(
  tx: Tx,
  jobId: string,
  filter: { readonly state?: RecipientState | undefined; readonly merchantId?: string | undefined },
  page: { readonly limit: number; readonly after: number },
): Promise<Found<Recipient, number>> {
  const isFiltered = filter.state !== undefined || filter.merchantId !== undefined;
  const upTo = isFiltered ? page.after + lookedAtOnce : maxOrdinal;
  const rows = await tx.query<RecipientRow>({
    text: `
      select r.ordinal, r.merchant_id, r.user_id, r.state, p.document as error, r.notification_id, r.possible_duplicate,
        r.updated_at
      from recipient r left join lateral (
        select problem.document from notification_error e join problem on problem.id = e.problem_id
        where e.job_id = r.job_id and e.merchant_id = r.merchant_id and (e.user_id = r.user_id or e.user_id is null)
          and e.code = r.error_code
        order by e.user_id nulls last limit 1
      ) p on true
      where r.job_id = $1 and r.ordinal > $2 and r.ordinal <= $6 and ($3::text is null or r.state = $3)
        and ($4::text is null or r.merchant_id = $4)
      order by r.ordinal limit $5`,
    values: [jobId, page.after, filter.state ?? null, filter.merchantId ?? null, page.limit, upTo],
  });
  const isWhole = rows.length >= page.limit || !isFiltered || !(await hasRecipientBehind(tx, jobId, upTo));
  return { rows: rows.map(toRecipient), lookedUpTo: isWhole ? null : upTo };
}

async function hasRecipientBehind(tx: Tx, jobId: string, ordinal: number): Promise<boolean> {
  const rows = await tx.query({
    text: 'select 1 from recipient where job_id = $1 and ordinal > $2 limit 1',
    values: [jobId, ordinal],
  });
  return rows.length > 0;
}

interface RecipientRow {
  ordinal: number;
  merchant_id: string;
  user_id: string;
  state: RecipientState;
  error: Problem | null;
  notification_id: string | null;
  possible_duplicate: boolean;
  updated_at: Date;
}

function toRecipient(row: RecipientRow): Recipient {
  return {
    ordinal: row.ordinal,
    merchantId: row.merchant_id,
    userId: row.user_id,
    state: row.state,
    error: row.error,
    notificationId: row.notification_id,
    possibleDuplicate: row.possible_duplicate,
    updatedAt: row.updated_at,
  };
}
