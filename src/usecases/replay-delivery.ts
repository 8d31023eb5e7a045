import type { Delivery } from '../domain/delivery/delivery.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { lockForReplay, reopenDelivery } from '../store/delivery-replays.ts';
import type { Tx } from '../store/transactions.ts';

/** The list of attempts is one row: replays must not make it grow without end. */
const maxAttempts = 100;
const replayable: ReadonlySet<Delivery['kind']> = new Set(['error_callback', 'kpi']);

/**
 * Makes a delivery due once more, whatever became of it; its id, its `webhook-id` and its body stay. Refuses with
 * `not_found`, and with `conflict` while it is pending, where its kind is not sent again, or after too many attempts.
 */
export async function replayDelivery(tx: Tx, id: string, now: Date): Promise<void> {
  const delivery = await lockForReplay(tx, id);
  if (delivery === null) throw apiProblem('not_found', `There is no delivery ${id}.`);
  if (delivery.state === 'pending') throw apiProblem('conflict', 'The delivery is still pending.');
  if (!replayable.has(delivery.kind)) throw apiProblem('conflict', 'A delivery of this kind is not sent again.');
  if (delivery.attemptCount >= maxAttempts) {
    throw apiProblem('conflict', `The delivery has had ${maxAttempts} attempts, which is the most that one may have.`);
  }
  await reopenDelivery(tx, id, now);
}
