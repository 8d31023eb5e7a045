import type { z } from 'zod';
import {
  createdIntegration,
  integrationChange,
  integrationView,
  nameInPath,
  newIntegration,
} from '../../contracts/http/integrations.ts';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { type Integration, findIntegration, listIntegrations, removeIntegration } from '../../store/integrations.ts';
import { changeIntegration, createIntegration } from '../../usecases/configure-integration.ts';
import { tenantAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';
import { noBody } from '../no-body.ts';
import { answerPage, byTime } from '../pages.ts';

export function registerIntegrationRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'keyRing' | 'urlGuard' | 'createId' | 'clock' | 'randomBytes' | 'recordAudit'
  >,
): void {
  const { transactions } = dependencies;
  const config = { access: tenantAccess('config:write') };

  app.post('/v1/integrations', {
    config,
    schema: {
      operationId: 'createIntegration',
      tags: ['integrations'],
      summary: 'Set up a system that sends notifications',
      body: newIntegration,
      response: { 201: createdIntegration },
    },
    handler: async (request, reply) =>
      answerCreation(request, reply, dependencies, async (tx) => {
        const { integration, secret } = await createIntegration(tx, callerOf(request), request.body, dependencies);
        const location = `/v1/integrations/${integration.name}`;
        return { status: 201, body: { ...showIntegration(integration), secret }, location };
      }),
  });

  app.get('/v1/integrations', {
    config,
    schema: {
      operationId: 'listIntegrations',
      tags: ['integrations'],
      summary: 'All integrations, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(integrationView) },
    },
    handler: async (request) =>
      answerPage({
        query: request.query,
        format: byTime,
        load: (page) => transactions.withTenant(request.tenantId, (tx) => listIntegrations(tx, page)),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show: showIntegration,
      }),
  });

  app.get('/v1/integrations/:name', {
    config,
    schema: {
      operationId: 'getIntegration',
      tags: ['integrations'],
      summary: 'One integration; its secrets are never shown',
      params: nameInPath,
      response: { 200: integrationView },
    },
    async handler({ tenantId, params }) {
      const integration = await transactions.withTenant(tenantId, (tx) => findIntegration(tx, params.name));
      if (integration === null) throw noSuchIntegration();
      return showIntegration(integration);
    },
  });

  app.patch('/v1/integrations/:name', {
    config,
    schema: {
      operationId: 'changeIntegration',
      tags: ['integrations'],
      summary: 'Replace the members given',
      description:
        'Members that are absent stay. Callbacks that wait go to the new address, signed with the new secret.',
      params: nameInPath,
      body: integrationChange,
      response: { 200: integrationView },
    },
    async handler(request) {
      const { tenantId, params, body } = request;
      const by = callerOf(request);
      return showIntegration(
        await transactions.withTenant(tenantId, (tx) => changeIntegration(tx, by, params.name, body, dependencies)),
      );
    },
  });

  app.delete('/v1/integrations/:name', {
    config,
    schema: {
      operationId: 'deleteIntegration',
      tags: ['integrations'],
      summary: 'Remove an integration',
      params: nameInPath,
      response: { 204: noBody },
    },
    async handler(request, reply) {
      const { name } = request.params;
      await transactions.withTenant(request.tenantId, async (tx) => {
        if (!(await removeIntegration(tx, name))) throw noSuchIntegration();
        const change = { action: 'integration.deleted', targetId: name, changed: [] } as const;
        await dependencies.recordAudit(tx, callerOf(request), change);
      });
      return reply.code(204).send();
    },
  });
}

function noSuchIntegration() {
  return apiProblem('not_found', 'There is no integration of this name in this tenant.');
}

function showIntegration({ retryScheduleSeconds, ...row }: Integration): z.input<typeof integrationView> {
  return {
    ...row,
    retrySchedule: [...retryScheduleSeconds],
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
