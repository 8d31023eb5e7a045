import type { z } from 'zod';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { newWebhook, webhookChange, webhookView, webhookWithSecret } from '../../contracts/http/webhooks.ts';
import { toWebhookView, type Webhook } from '../../domain/webhook/webhook.ts';
import type { Tx } from '../../store/transactions.ts';
import { countWaiting } from '../../store/webhooks.ts';
import { createWebhookConfigurer } from '../../usecases/configure-webhook.ts';
import { tenantAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';
import { noBody } from '../no-body.ts';
import { answerPage, byTime } from '../pages.ts';

export function registerWebhookRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'keyRing' | 'webhooks' | 'urlGuard' | 'createId' | 'clock' | 'randomBytes' | 'recordAudit'
  >,
): void {
  const { transactions, webhooks, clock } = dependencies;
  const configurer = createWebhookConfigurer(dependencies);
  const config = { access: tenantAccess('config:write') };
  const tags = ['webhooks'];
  const showAll = async (tx: Tx, shown: readonly Webhook[]) => {
    const waiting = await countWaiting(tx, shown, clock());
    return shown.map((webhook) => ({
      webhook,
      view: { ...toWebhookView(webhook), waiting: waiting.get(webhook.id) ?? 0 },
    }));
  };
  const show = async (tx: Tx, webhook: Webhook) => {
    const [shown] = await showAll(tx, [webhook]);
    return shown?.view ?? { ...toWebhookView(webhook), waiting: 0 };
  };
  const within = async (tenantId: string, work: (tx: Tx) => Promise<Webhook>) =>
    transactions.withTenant(tenantId, async (tx) => show(tx, await work(tx)));

  app.post('/v1/webhooks', {
    config,
    schema: {
      operationId: 'createWebhook',
      tags,
      summary: 'Subscribe a URL to events, from now on',
      description: 'A tenant has at most 50 endpoints; one more is a 409 `conflict`.',
      body: newWebhook,
      response: { 201: webhookWithSecret },
    },
    handler: async (request, reply) =>
      answerCreation(request, reply, dependencies, async (tx) => {
        const { webhook, secret } = await configurer.create(tx, callerOf(request), request.body);
        const body: z.input<typeof webhookWithSecret> = { ...toWebhookView(webhook), waiting: 0, secret };
        return { status: 201, body, location: `/v1/webhooks/${webhook.id}` };
      }),
  });

  app.get('/v1/webhooks', {
    config,
    schema: {
      operationId: 'listWebhooks',
      tags,
      summary: 'All endpoints, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(webhookView) },
    },
    handler: async ({ tenantId, query }) =>
      answerPage({
        query,
        format: byTime,
        load: (page) => transactions.withTenant(tenantId, async (tx) => showAll(tx, await webhooks.list(tx, page))),
        positionOf: ({ webhook: { createdAt, id } }) => ({ createdAt, id }),
        show: ({ view }) => view,
      }),
  });

  app.get('/v1/webhooks/:id', {
    config,
    schema: {
      operationId: 'getWebhook',
      tags,
      summary: 'One endpoint and how it does; its secret is never shown',
      params: idInPath,
      response: { 200: webhookView },
    },
    handler: async ({ tenantId, params }) =>
      within(tenantId, async (tx) => (await configurer.require(tx, params.id)).webhook),
  });

  app.patch('/v1/webhooks/:id', {
    config,
    schema: {
      operationId: 'changeWebhook',
      tags,
      summary: 'Replace the members given',
      description: 'Members that are absent stay. What waits goes to the new address.',
      params: idInPath,
      body: webhookChange,
      response: { 200: webhookView },
    },
    handler: async (request) =>
      within(request.tenantId, (tx) => configurer.change(tx, callerOf(request), request.params.id, request.body)),
  });

  app.delete('/v1/webhooks/:id', {
    config,
    schema: {
      operationId: 'deleteWebhook',
      tags,
      summary: 'Remove an endpoint; what waits for it is not sent',
      params: idInPath,
      response: { 204: noBody },
    },
    async handler(request, reply) {
      const { tenantId, params } = request;
      await transactions.withTenant(tenantId, (tx) => configurer.remove(tx, callerOf(request), params.id));
      return reply.code(204).send();
    },
  });

  app.post('/v1/webhooks/:id/rotate-secret', {
    config,
    schema: {
      operationId: 'rotateWebhookSecret',
      tags,
      summary: 'Make a new secret; each that was replaced signs too for 24 h',
      params: idInPath,
      response: { 200: webhookWithSecret },
    },
    async handler(request) {
      return transactions.withTenant(request.tenantId, async (tx) => {
        const { webhook, secret } = await configurer.rotate(tx, callerOf(request), request.params.id);
        return { ...(await show(tx, webhook)), secret };
      });
    },
  });

  app.post('/v1/webhooks/:id/enable', {
    config: { access: tenantAccess('config:write', { isOperators: true }) },
    schema: {
      operationId: 'enableWebhook',
      tags,
      summary: 'Send events again, from now on',
      description: 'An enabled endpoint that waits is tried at once. What a disabled one missed is sent by `…/replay`.',
      params: idInPath,
      response: { 200: webhookView },
    },
    handler: async (request) =>
      within(request.tenantId, (tx) => configurer.enable(tx, callerOf(request), request.params.id)),
  });
}
