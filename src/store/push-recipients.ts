import type { BatchRecipient } from '../domain/notification/request.ts';
import type { Tx } from './transactions.ts';

export interface PushRecipient extends BatchRecipient {
  /** 0 = nothing was ever sent. */
  readonly pushTries: number;
}

interface Row {
  ordinal: number;
  merchant_id: string;
  user_id: string;
  push_tries: number;
}

/** Those of a range of ordinals who still wait and are due, the first of them. */
export async function listDueRecipients(
  tx: Tx,
  page: {
    readonly jobId: string;
    readonly from: number;
    readonly to: number;
    readonly limit: number;
    readonly now: Date;
  },
): Promise<PushRecipient[]> {
  const rows = await tx.query<Row>({
    name: 'list-due-recipients',
    text: `select ordinal, merchant_id, user_id, push_tries from recipient
      where job_id = $1 and ordinal >= $2 and ordinal < $3 and state = 'pending'
        and (push_due_at is null or push_due_at <= $4) order by ordinal limit $5`,
    values: [page.jobId, page.from, page.to, page.now, page.limit],
  });
  return rows.map(toRecipient);
}

/** Those of the named who still wait. */
export async function pickPending(tx: Tx, jobId: string, ordinals: readonly number[]): Promise<PushRecipient[]> {
  const rows = await tx.query<Row>({
    name: 'pick-pending-recipients',
    text: `select ordinal, merchant_id, user_id, push_tries from recipient
      where job_id = $1 and ordinal = any ($2::integer[]) and state = 'pending' order by ordinal`,
    values: [jobId, ordinals],
  });
  return rows.map(toRecipient);
}

/** Who is left of a range, and when the first of them is due; null = at once. */
export async function findNextDue(
  tx: Tx,
  page: { readonly jobId: string; readonly from: number; readonly to: number },
): Promise<{ readonly pending: number; readonly dueAt: Date | null }> {
  const rows = await tx.query<{ pending: number; isDue: boolean | null; due_at: Date | null }>({
    name: 'find-next-due-recipient',
    text: `select count(*)::integer as pending, bool_or(push_due_at is null) as "isDue", min(push_due_at) as due_at
      from recipient where job_id = $1 and ordinal >= $2 and ordinal < $3 and state = 'pending'`,
    values: [page.jobId, page.from, page.to],
  });
  const row = rows[0];
  return { pending: row?.pending ?? 0, dueAt: row === undefined || row.isDue === true ? null : row.due_at };
}

/** A push reached them, also where the batch was stopped meanwhile; returns how many learn it now. */
export async function markPushed(tx: Tx, jobId: string, ordinals: readonly number[], now: Date): Promise<number> {
  if (ordinals.length === 0) return 0;
  return tx.execute({
    name: 'mark-recipients-pushed',
    text: `update recipient set state = 'delivered', error_code = null, push_due_at = null, updated_at = $3
      where job_id = $1 and ordinal = any ($2::integer[]) and state in ('pending', 'cancelled')`,
    values: [jobId, ordinals, now],
  });
}

export async function postponeRecipients(
  tx: Tx,
  jobId: string,
  postponed: readonly { readonly ordinal: number; readonly dueAt: Date }[],
): Promise<void> {
  if (postponed.length === 0) return;
  await tx.execute({
    text: `update recipient r set push_due_at = given.due_at
      from unnest($2::integer[], $3::timestamptz[]) as given (ordinal, due_at)
      where r.job_id = $1 and r.ordinal = given.ordinal and r.state = 'pending'`,
    values: [jobId, postponed.map((each) => each.ordinal), postponed.map((each) => each.dueAt)],
  });
}

function toRecipient(row: Row): PushRecipient {
  return { ordinal: row.ordinal, merchantId: row.merchant_id, userId: row.user_id, pushTries: row.push_tries };
}
