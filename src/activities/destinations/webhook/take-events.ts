import { openAttempt } from '../../../domain/delivery/delivery.ts';
import type { CreateId } from '../../../domain/ids.ts';
import { isBroken } from '../../../domain/delivery/endpoint-health.ts';
import { buildEnvelope } from '../../../domain/webhook/envelope.ts';
import type { EndpointReference } from '../../../contracts/workflows.ts';
import type { EventHighWaterMark } from '../../../store/event-high-water-mark.ts';
import { type StoredEvent, listEvents } from '../../../store/events.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import {
  claimDeliveries,
  disableDeliveries,
  type EndpointDelivery,
  inPages,
} from '../../../store/endpoint-deliveries.ts';
import { moveCursor, type WebhookRow, type WebhookStore } from '../../../store/webhooks.ts';

const eventsPerBatch = 100;
const dueDeliveriesPerBatch = 50;
/** Longer than a run and its last calls: nobody else takes a delivery that is still being sent. */
const leaseMs = 180_000;
/** A cursor that only passed by unwanted events is written when it lags by so much. */
const cursorLag = 1_000n;

/** The next work of an endpoint. */
export interface EventBatch {
  readonly row: WebhookRow;
  /** Retries first, then events in their order. */
  readonly deliveries: readonly EndpointDelivery[];
  /** Where the cursor stood, and where it stands once this batch is recorded. */
  readonly cursor: { readonly from: bigint; readonly to: bigint };
}

/** Null = it is to be left alone now, or it is no more. */
export type TakeEvents = (reference: EndpointReference) => Promise<EventBatch | null>;

/**
 * Retries are claimed, events are only read: an event has no row before its first try, and the cursor moves when that is
 * recorded. So a try that nobody could record is made again, with the same `webhook-id`.
 */
export function createTakeEvents(dependencies: {
  readonly transactions: Transactions;
  readonly highWaterMark: EventHighWaterMark;
  readonly webhooks: WebhookStore;
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly clock: () => Date;
}): TakeEvents {
  const { transactions, highWaterMark, webhooks, createId, publicUrl, clock } = dependencies;

  return async ({ tenantId, endpointId }) => {
    const settled = await highWaterMark.read();
    const batch = await transactions.withTenant(tenantId, async (tx) => {
      const row = await webhooks.find(tx, endpointId);
      const now = clock();
      if (row === null || row.webhook.state === 'disabled') return 'over';
      if (row.webhook.probeAt !== null && row.webhook.probeAt > now) return null;
      return take(tx, row, settled, now);
    });
    if (batch !== 'over') return batch;
    await inPages(transactions, tenantId, (tx) => endRest(tx, endpointId));
    return null;
  };

  /** Ends a page of what an endpoint that was removed or disabled has left; returns how many. */
  async function endRest(tx: Tx, endpointId: string): Promise<number> {
    // Locked: somebody may enable it, and replay what it missed.
    const row = await webhooks.lock(tx, endpointId);
    if (row?.webhook.state === 'enabled') return 0;
    return disableDeliveries(tx, endpointId, row?.webhook.disabledReason ?? null, clock());
  }

  async function take(tx: Tx, row: WebhookRow, settled: bigint, now: Date): Promise<EventBatch> {
    const { webhook, eventCursor } = row;
    const isProbe = isBroken(webhook.failuresInARow);
    const due = await claimDeliveries(tx, {
      endpointId: webhook.id,
      url: webhook.url,
      publicUrl,
      limit: isProbe ? 1 : dueDeliveriesPerBatch,
      now,
      leaseUntil: new Date(now.getTime() + leaseMs),
    });
    const room = isProbe ? 1 - due.length : eventsPerBatch;
    const page =
      room === 0
        ? { events: [], position: eventCursor }
        : await listEvents(tx, { after: eventCursor, settled, filter: webhook.events, limit: room });
    const wanted = page.events.filter((event) => !isAbout(event, webhook.id));
    const isAtRest = due.length === 0 && wanted.length === 0;
    if (isAtRest && page.position - eventCursor > cursorLag)
      await moveCursor(tx, webhook.id, eventCursor, page.position);
    return {
      row,
      deliveries: [...due, ...wanted.map((event) => firstTry(event, now))],
      cursor: { from: eventCursor, to: page.position },
    };
  }

  function firstTry(event: StoredEvent, now: Date): EndpointDelivery {
    return {
      id: createId('delivery'),
      jobId: event.jobId,
      eventId: event.id,
      eventType: event.type,
      body: buildEnvelope(event, publicUrl),
      attempts: openAttempt([], now),
      earlierAttempts: 0,
      isStored: false,
    };
  }
}

/** An endpoint is not told of itself: what it cannot take would make the next event that it cannot take. */
function isAbout({ type, data }: StoredEvent, webhookId: string): boolean {
  if (!type.startsWith('webhook.')) return false;
  return (JSON.parse(data) as { id?: unknown }).id === webhookId; // our own document
}
