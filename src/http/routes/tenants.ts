import type { z } from 'zod';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { createdTenant, newTenant, tenantView } from '../../contracts/http/tenants.ts';
import { isId } from '../../domain/ids.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { listTenants } from '../../store/cross-tenant.ts';
import { findTenant, type Tenant } from '../../store/tenants.ts';
import type { Tx } from '../../store/transactions.ts';
import { createTenant } from '../../usecases/create-tenant.ts';
import { adminAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { answerPage, byTime } from '../pages.ts';

/** What only the operator may do. */
export function registerTenantRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'keyRing' | 'createId' | 'clock' | 'randomBytes' | 'recordAudit'
  >,
): void {
  const { transactions } = dependencies;
  const config = { access: adminAccess };

  app.post('/v1/tenants', {
    config,
    schema: {
      operationId: 'createTenant',
      tags: ['tenants'],
      summary: 'Make a tenant and its first key',
      body: newTenant,
      response: { 201: createdTenant },
    },
    async handler(request, reply) {
      const id = dependencies.createId('tenant');
      const by = { tenantId: id, actor: { kind: 'admin' }, requestId: request.id } as const;
      const work = async (tx: Tx) => {
        const { tenant, apiKey } = await createTenant(tx, by, request.body, dependencies);
        return { status: 201, body: { ...showTenant(tenant), apiKey }, location: `/v1/tenants/${id}` };
      };
      return answerCreation(request, reply, dependencies, work, id);
    },
  });

  app.get('/v1/tenants', {
    config,
    schema: {
      operationId: 'listTenants',
      tags: ['tenants'],
      summary: 'All tenants, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(tenantView) },
    },
    handler: async (request) =>
      answerPage({
        query: request.query,
        format: byTime,
        load: (page) => transactions.acrossTenants((tx) => listTenants(tx, page)),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show: showTenant,
      }),
  });

  app.get('/v1/tenants/:id', {
    config,
    schema: {
      operationId: 'getTenant',
      tags: ['tenants'],
      summary: 'One tenant',
      params: idInPath,
      response: { 200: tenantView },
    },
    async handler(request) {
      const { id } = request.params;
      const tenant = isId('tenant', id) ? await transactions.withTenant(id, findTenant) : null;
      if (tenant === null) throw apiProblem('not_found', 'There is no tenant of this id.');
      return showTenant(tenant);
    },
  });
}

export function showTenant(tenant: Tenant): z.input<typeof tenantView> {
  return { ...tenant, createdAt: tenant.createdAt.toISOString() };
}
