import type { Delivery, DeliveryState } from '../domain/delivery/delivery.ts';
import { type DeliveryRow, deliveryColumns, toDelivery } from './deliveries.ts';
import type { Tx } from './transactions.ts';

/** Deliveries of an endpoint, tests included, those of the newest events first. Served by `delivery_by_endpoint`. */
export async function listWebhookDeliveries(
  tx: Tx,
  webhookId: string,
  state: DeliveryState | null,
  page: { readonly limit: number; readonly after: string | null },
): Promise<Delivery[]> {
  const rows = await tx.query<DeliveryRow>({
    text: `select ${deliveryColumns} from delivery
      where endpoint_id = $1 and kind in ('event', 'test') and ($2::text is null or state = $2) and ($3::text is null or event_id < $3)
      order by event_id desc limit $4`,
    values: [webhookId, state, page.after, page.limit],
  });
  return rows.map(toDelivery);
}

/** Stores a test that was made. Its body is kept: no event has it. */
export async function insertTest(
  tx: Tx,
  test: {
    readonly tenantId: string;
    readonly webhookId: string;
    readonly eventType: string;
    readonly body: string;
    readonly delivery: Delivery;
  },
): Promise<void> {
  const { delivery } = test;
  await tx.execute({
    text: `
      insert into delivery (id, tenant_id, kind, endpoint_id, event_id, event_type, url, body, state, attempts, attempt_count,
        error, created_at, updated_at)
      values ($1, $2, 'test', $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $11)`,
    values: [
      delivery.id,
      test.tenantId,
      test.webhookId,
      delivery.eventId,
      test.eventType,
      delivery.url,
      test.body,
      delivery.state,
      JSON.stringify(delivery.attempts),
      delivery.error === null ? null : JSON.stringify(delivery.error),
      delivery.createdAt,
    ],
  });
}
