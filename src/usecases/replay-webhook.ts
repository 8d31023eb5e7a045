import type { CreateId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { Webhook } from '../domain/webhook/webhook.ts';
import type { Tx } from '../store/transactions.ts';
import { findWebhookOfDelivery, listReplayable, makeDue, makeOneDue } from '../store/webhook-replays.ts';
import type { WebhookRow, WebhookStore } from '../store/webhooks.ts';

/** One call makes so many due; its answer says where to go on. */
const replayedAtOnce = 10_000;

export interface ReplayWebhook {
  /** Sends events since a time again, those that were never sent included. Disabled endpoint: `conflict`. */
  since(
    tx: Tx,
    id: string,
    wanted: { readonly since: Date; readonly onlyFailed: boolean },
  ): Promise<{ readonly replayed: number; readonly nextSince: Date | null }>;
  /**
   * Sends one delivery of an event again, to the endpoint's present URL. A pending one, and one whose endpoint is disabled
   * or removed or whose event was purged: `conflict`.
   */
  one(tx: Tx, deliveryId: string): Promise<void>;
}

export function createReplayWebhook(dependencies: {
  readonly webhooks: WebhookStore;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): ReplayWebhook {
  const { webhooks, createId, clock } = dependencies;
  return {
    async since(tx, id, { since, onlyFailed }) {
      const row = await webhooks.lock(tx, id);
      if (row === null) throw apiProblem('not_found', `There is no webhook endpoint ${id}.`);
      const webhook = requireEnabled(row);
      const found = await listReplayable(tx, {
        webhook,
        eventCursor: row.eventCursor,
        since,
        onlyFailed,
        limit: replayedAtOnce + 1,
      });
      const page = found.slice(0, replayedAtOnce);
      await makeDue(tx, webhook, page, { createId, now: clock() });
      return { replayed: page.length, nextSince: found[replayedAtOnce]?.createdAt ?? null };
    },

    async one(tx, deliveryId) {
      const webhookId = await findWebhookOfDelivery(tx, deliveryId);
      // Locked: who disables or removes it ends what is pending, and must not miss this one.
      const row = webhookId === null ? null : await webhooks.lock(tx, webhookId);
      if (row === null) throw apiProblem('conflict', 'The endpoint of this delivery was removed.');
      const webhook = requireEnabled(row);
      if (!(await makeOneDue(tx, deliveryId, webhook.url, clock())))
        throw apiProblem('conflict', 'It is still to be sent, or its event is no longer kept.');
    },
  };
}

function requireEnabled({ webhook }: WebhookRow): Webhook {
  if (webhook.state === 'disabled')
    throw apiProblem('conflict', 'The endpoint is disabled, so nothing is sent to it: enable it first.');
  return webhook;
}
