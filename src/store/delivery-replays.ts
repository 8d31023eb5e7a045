import { type Delivery, type DeliveryAttempt, openAttempt } from '../domain/delivery/delivery.ts';
import type { ClaimedCallback } from './deliveries.ts';
import type { Tx } from './transactions.ts';

/** What a replay needs to know of a delivery, its row locked until the transaction ends; null = there is none of this id. */
export async function lockForReplay(
  tx: Tx,
  id: string,
): Promise<(Pick<Delivery, 'kind' | 'state'> & { readonly attemptCount: number }) | null> {
  const rows = await tx.query<Pick<Delivery, 'kind' | 'state'> & { attempt_count: number }>({
    name: 'lock-for-replay',
    text: 'select kind, state, attempt_count from delivery where id = $1 for update',
    values: [id],
  });
  const row = rows[0];
  return row === undefined ? null : { kind: row.kind, state: row.state, attemptCount: row.attempt_count };
}

/** Makes a delivery that has ended due once more; the sweep finds it and starts its workflow. Its schedule begins anew. */
export async function reopenDelivery(tx: Tx, id: string, now: Date): Promise<void> {
  await tx.execute({
    name: 'reopen-delivery',
    text: `update delivery set state = 'pending', is_replay = kind = 'error_callback',
        earlier_attempts = attempt_count, error = null, next_attempt_at = $2, updated_at = $2
      where id = $1`,
    values: [id, now],
  });
}

export interface ClaimedReplay extends ClaimedCallback {
  readonly jobId: string;
  readonly integration: string;
}

/** A replay that is still to be sent, its row locked; null = it has ended. */
export async function lockReplay(tx: Tx, id: string): Promise<ClaimedReplay | null> {
  const rows = await tx.query<{
    id: string;
    body: string;
    attempts: DeliveryAttempt[];
    jobId: string;
    integration: string | null;
  }>({
    name: 'lock-replay',
    text: `select id, body, attempts, job_id as "jobId", integration from delivery
      where id = $1 and kind = 'error_callback' and state = 'pending' and is_replay for update`,
    values: [id],
  });
  const row = rows[0];
  return row === undefined ? null : { ...row, integration: row.integration ?? '' };
}

/** Stores the open attempt of a replay before it is sent, and the URL that it goes to; returns the attempts with it. */
export async function openReplayAttempt(
  tx: Tx,
  replay: ClaimedReplay,
  claim: { readonly url: string; readonly now: Date; readonly leaseUntil: Date },
): Promise<readonly DeliveryAttempt[]> {
  const attempts = openAttempt(replay.attempts, claim.now);
  await tx.execute({
    name: 'open-replay-attempt',
    text: `update delivery set attempts = $2, attempt_count = $3, url = $4, next_attempt_at = $5, updated_at = $6
      where id = $1`,
    values: [replay.id, JSON.stringify(attempts), attempts.length, claim.url, claim.leaseUntil, claim.now],
  });
  return attempts;
}
