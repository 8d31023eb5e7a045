import { deliveryView } from '../../contracts/http/notifications.ts';
import { pageOf } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { replayBody, replayResult, webhookDeliveriesQuery } from '../../contracts/http/webhooks.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { listWebhookDeliveries } from '../../store/webhook-lists.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { auditOperator } from '../caller.ts';
import { answerPage, byText } from '../pages.ts';
import { showDelivery } from './deliveries.ts';

/** What was sent to an endpoint, and sending it again. */
export function registerWebhookDeliveryRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'webhooks' | 'replayWebhook' | 'testWebhook' | 'recordAudit'>,
): void {
  const { transactions, webhooks, replayWebhook, testWebhook, recordAudit } = dependencies;
  const config = { access: tenantAccess('config:write') };
  const tags = ['webhooks'];

  app.get('/v1/webhooks/:id/deliveries', {
    config,
    schema: {
      operationId: 'listWebhookDeliveries',
      tags,
      summary: 'What was sent to an endpoint, the newest event first',
      params: idInPath,
      querystring: webhookDeliveriesQuery,
      response: { 200: pageOf(deliveryView) },
    },
    handler: async ({ tenantId, params, query }) =>
      answerPage({
        query,
        format: byText,
        load: (page) =>
          transactions.withTenant(tenantId, async (tx) => {
            if ((await webhooks.find(tx, params.id)) === null)
              throw apiProblem('not_found', `There is no webhook endpoint ${params.id}.`);
            return listWebhookDeliveries(tx, params.id, query.state ?? null, page);
          }),
        positionOf: ({ eventId }) => eventId ?? '',
        show: showDelivery,
      }),
  });

  app.post('/v1/webhooks/:id/test', {
    config,
    schema: {
      operationId: 'testWebhook',
      tags,
      summary: 'Send an event of the type webhook.test now, and see what comes of it',
      description: 'Sent once, by the rules of every delivery; takes up to 25 s.',
      params: idInPath,
      response: { 200: deliveryView },
    },
    handler: async ({ tenantId, params }) => showDelivery(await testWebhook(tenantId, params.id)),
  });

  app.post('/v1/webhooks/:id/replay', {
    config: { access: tenantAccess('config:write', { isOperators: true }), described: { refusals: [409] } },
    schema: {
      operationId: 'replayWebhook',
      tags,
      summary: 'Send the events since a time again',
      description:
        'Those that were never sent are among them, as when the endpoint was disabled. They keep their `webhook-id`. ' +
        'One call takes 10,000 events.',
      params: idInPath,
      body: replayBody,
      response: { 200: replayResult },
    },
    async handler(request) {
      const { tenantId, params, body } = request;
      const { replayed, nextSince } = await transactions.withTenant(tenantId, async (tx) => {
        await auditOperator(tx, request, recordAudit, { action: 'webhook.replayed', targetId: params.id, changed: [] });
        return replayWebhook.since(tx, params.id, body);
      });
      return { replayed, nextSince: nextSince?.toISOString() ?? null };
    },
  });
}
