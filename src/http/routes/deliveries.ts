import type { z } from 'zod';
import { deliveryView } from '../../contracts/http/notifications.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import type { Delivery } from '../../domain/delivery/delivery.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findDelivery } from '../../store/deliveries.ts';
import type { Tx } from '../../store/transactions.ts';
import { replayDelivery } from '../../usecases/replay-delivery.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { auditOperator } from '../caller.ts';

/** Documents on their way to somebody's URL, one by one. */
export function registerDeliveryRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'clock' | 'replayWebhook' | 'recordAudit'>,
): void {
  const { transactions, clock, replayWebhook, recordAudit } = dependencies;
  const tags = ['jobs'];

  app.get('/v1/deliveries/:id', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'getDelivery',
      tags,
      summary: 'One delivery with its attempts',
      params: idInPath,
      response: { 200: deliveryView },
    },
    handler: async ({ tenantId, params }) => transactions.withTenant(tenantId, (tx) => show(tx, params.id)),
  });

  app.post('/v1/deliveries/:id/replay', {
    config: { access: tenantAccess('config:write', { isOperators: true }), described: { refusals: [409] } },
    schema: {
      operationId: 'replayDelivery',
      tags,
      summary: 'Send a delivery once more',
      description:
        'One more attempt, to the URL as it is set now, under the same `webhook-id`. Its job stays as it is. Refused with ' +
        '409 while the delivery is pending.',
      params: idInPath,
      response: { 200: deliveryView },
    },
    handler: async (request) =>
      transactions.withTenant(request.tenantId, async (tx) => {
        const { params } = request;
        const delivery = await findDelivery(tx, params.id);
        if (delivery?.kind === 'event') await replayWebhook.one(tx, params.id);
        else await replayDelivery(tx, params.id, clock());
        await auditOperator(tx, request, recordAudit, {
          action: 'delivery.replayed',
          targetId: params.id,
          changed: [],
        });
        return show(tx, params.id);
      }),
  });
}

async function show(tx: Tx, id: string): Promise<z.output<typeof deliveryView>> {
  const delivery = await findDelivery(tx, id);
  if (delivery === null) throw apiProblem('not_found', `There is no delivery ${id}.`);
  return showDelivery(delivery);
}

export function showDelivery(delivery: Delivery): z.output<typeof deliveryView> {
  return {
    id: delivery.id,
    kind: delivery.kind,
    jobId: delivery.jobId,
    eventId: delivery.eventId,
    url: delivery.url,
    state: delivery.state,
    attempts: delivery.attempts,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    error: delivery.error,
    createdAt: delivery.createdAt.toISOString(),
  };
}
