import { webhookRules } from '../../../domain/delivery/decide.ts';
import { signingSecrets } from '../../../domain/delivery/signing-secrets.ts';
import type { WebhookClient } from '../../../upstreams/webhook/webhook-client.ts';
import type { Destination } from '../destination.ts';
import { createRecordEvents, isUnchanged } from './record-events.ts';
import { createTakeEvents } from './take-events.ts';

/**
 * Endpoints that subscribe to events: signed, with the headers of their owner. Where one is gone for good, or has taken nothing for
 * days, it is disabled.
 */
export function createWebhookDestination(
  dependencies: { readonly webhookClient: WebhookClient } & Parameters<typeof createTakeEvents>[0] &
    Parameters<typeof createRecordEvents>[0],
): Destination {
  const { webhookClient, transactions, webhooks, clock } = dependencies;
  const takeEvents = createTakeEvents(dependencies);
  const recordEvents = createRecordEvents(dependencies);
  return {
    async take(reference) {
      const batch = await takeEvents(reference);
      if (batch === null) return null;
      const { webhook, secrets: own } = batch.row;
      const { id: endpointId, tenantId, url } = webhook;
      const secrets = signingSecrets(own, clock());
      const owner = { tenantId, destination: endpointId };
      return {
        tenantId,
        endpointId,
        rules: webhookRules,
        scheduleSeconds: webhook.retryScheduleSeconds,
        health: webhook,
        deliveries: batch.deliveries,
        secrets: [...secrets, ...Object.values(own.headers)],
        post: ({ eventId, body }) =>
          webhookClient.postEvent({ owner, url, secrets, headers: own.headers, eventId, body }),
        isCurrent: () =>
          transactions.withTenant(tenantId, async (tx) => isUnchanged(webhook, await webhooks.find(tx, endpointId))),
        record: (outcome) => recordEvents(batch, outcome),
      };
    },
  };
}
