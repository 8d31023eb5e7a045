import type { Delivery, DeliveryAttempt, DeliveryState } from '../domain/delivery/delivery.ts';
import { openAttempt } from '../domain/delivery/delivery.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Tx } from './transactions.ts';

/** A callback that is this worker's to send until its lease ends. */
export interface ClaimedCallback {
  readonly id: string;
  readonly body: string;
  /** With the open one of this claim last. */
  readonly attempts: readonly DeliveryAttempt[];
}

/**
 * Takes due callbacks of a job, the longest due first. They are leased by moving the next try behind `leaseUntil`, and the
 * open attempt is stored before anything is sent: whoever finds it after a crash knows that it may have gone out.
 */
export async function claimCallbacks(
  tx: Tx,
  claim: {
    readonly jobId: string;
    readonly url: string;
    readonly limit: number;
    readonly now: Date;
    readonly leaseUntil: Date;
  },
): Promise<ClaimedCallback[]> {
  const rows = await tx.query<{ id: string; body: string; attempts: DeliveryAttempt[] }>({
    name: 'claim-callbacks',
    text: `select id, body, attempts from delivery
      where job_id = $1 and kind = 'error_callback' and state = 'pending' and not is_replay and next_attempt_at <= $2
      order by next_attempt_at limit $3 for update skip locked`,
    values: [claim.jobId, claim.now, claim.limit],
  });
  const claimed = rows.map((row) => ({ ...row, attempts: openAttempt(row.attempts, claim.now) }));
  if (claimed.length === 0) return [];
  await leaseDeliveries(tx, claimed, claim);
  return claimed;
}

/**
 * Keeps deliveries for one sender until `leaseUntil`, with their open attempts, before anything is sent: whoever finds an
 * open one after a crash knows that it may have gone out. The caller holds their rows.
 */
export async function leaseDeliveries(
  tx: Tx,
  claimed: readonly { readonly id: string; readonly attempts: readonly DeliveryAttempt[] }[],
  claim: { readonly url: string; readonly leaseUntil: Date; readonly now: Date },
): Promise<void> {
  await tx.execute({
    name: 'lease-deliveries',
    text: `
      update delivery d set attempts = c.attempts, attempt_count = jsonb_array_length(c.attempts), url = $2,
        next_attempt_at = $3, updated_at = $4
      from jsonb_to_recordset($1::jsonb) as c (id text, attempts jsonb)
      where d.id = c.id`,
    values: [
      JSON.stringify(claimed.map(({ id, attempts }) => ({ id, attempts }))),
      claim.url,
      claim.leaseUntil,
      claim.now,
    ],
  });
}

/** How many callbacks of a job are still to be sent, when the next of them is due, and when the oldest was made. */
export async function countPendingCallbacks(
  tx: Tx,
  jobId: string,
): Promise<{ readonly pending: number; readonly nextDueAt: Date | null; readonly madeAt: Date | null }> {
  const rows = await tx.query<{ pending: number; next_due_at: Date | null; made_at: Date | null }>({
    name: 'count-pending-callbacks',
    text: `select count(*)::integer as pending, min(next_attempt_at) as next_due_at, min(created_at) as made_at
      from delivery where job_id = $1 and kind = 'error_callback' and state = 'pending' and not is_replay`,
    values: [jobId],
  });
  const row = rows[0];
  return { pending: row?.pending ?? 0, nextDueAt: row?.next_due_at ?? null, madeAt: row?.made_at ?? null };
}

/** Ends all callbacks of a job that are still to be sent, with one problem for all; returns how many. */
export async function stopCallbacks(tx: Tx, jobId: string, error: Problem, now: Date): Promise<number> {
  return tx.execute({
    text: `update delivery set state = 'failed', next_attempt_at = null, error = $2, updated_at = $3
      where job_id = $1 and kind = 'error_callback' and state = 'pending' and not is_replay`,
    values: [jobId, JSON.stringify(error), now],
  });
}

/** The callbacks of a job's latest run that the integrator never took: how many, and the first of them. */
export async function findFailedCallbacks(
  tx: Tx,
  jobId: string,
  limit: number,
): Promise<{ readonly count: number; readonly ids: readonly string[]; readonly why: string | null }> {
  const rows = await tx.query<{ id: string; count: number; why: string | null }>({
    text: `
      select id, (count(*) over ())::integer as count, error ->> 'detail' as why from delivery
      where job_id = $1 and kind = 'error_callback' and state = 'failed' and created_at = (
        select max(created_at) from delivery where job_id = $1 and kind = 'error_callback')
      order by position limit $2`,
    values: [jobId, limit],
  });
  return { count: rows[0]?.count ?? 0, ids: rows.map((row) => row.id), why: rows[0]?.why ?? null };
}

export interface DeliveryRow {
  id: string;
  kind: Delivery['kind'];
  job_id: string | null;
  event_id: string | null;
  url: string;
  state: DeliveryState;
  attempts: DeliveryAttempt[];
  next_attempt_at: Date | null;
  error: Problem | null;
  position: string;
  created_at: Date;
}

export const deliveryColumns =
  'id, kind, job_id, event_id, url, state, attempts, next_attempt_at, error, position::text, created_at';

/** A job's deliveries in order of making, from after `after` ('0' = from the start). */
export async function listJobDeliveries(
  tx: Tx,
  jobId: string,
  page: { readonly limit: number; readonly after: string },
): Promise<(Delivery & { readonly position: string })[]> {
  const rows = await tx.query<DeliveryRow>({
    text: `select ${deliveryColumns} from delivery where job_id = $1 and position > $2::bigint
      order by delivery.position limit $3`,
    values: [jobId, page.after, page.limit],
  });
  return rows.map((row) => ({ ...toDelivery(row), position: row.position }));
}

export async function findDelivery(tx: Tx, id: string): Promise<Delivery | null> {
  const rows = await tx.query<DeliveryRow>({
    text: `select ${deliveryColumns} from delivery where id = $1`,
    values: [id],
  });
  return rows[0] === undefined ? null : toDelivery(rows[0]);
}

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    kind: row.kind,
    jobId: row.job_id,
    eventId: row.event_id,
    url: row.url,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    error: row.error,
    createdAt: row.created_at,
  };
}
