import type { z } from 'zod';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { apiKeyView, createdApiKey, meView, newApiKey } from '../../contracts/http/tenants.ts';
import { isId } from '../../domain/ids.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { scopes } from '../../domain/scope.ts';
import { type ApiKey, findApiKeyName, listApiKeys, revokeApiKey } from '../../store/api-keys.ts';
import { findTenant } from '../../store/tenants.ts';
import { showTenant } from './tenants.ts';
import { createApiKey } from '../../usecases/create-api-key.ts';
import { adminAccess, tenantAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';
import { noBody } from '../no-body.ts';
import { answerPage, byTime } from '../pages.ts';

export function registerApiKeyRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'keyRing' | 'createId' | 'clock' | 'randomBytes' | 'recordAudit'
  >,
): void {
  const { transactions, clock, recordAudit } = dependencies;
  const config = { access: tenantAccess('config:write') };

  app.post('/v1/api-keys', {
    config,
    schema: {
      operationId: 'createApiKey',
      tags: ['keys'],
      summary: 'Make a key; it is shown once',
      description: 'At most the scopes that the calling key has: 403 `insufficient_scope` for any other.',
      body: newApiKey,
      response: { 201: createdApiKey },
    },
    handler: async (request, reply) =>
      answerCreation(request, reply, dependencies, async (tx) => {
        refuseLackingScopes(request.keyScopes, request.body.scopes);
        const { key, secret } = await createApiKey(tx, callerOf(request), request.body, dependencies);
        return { status: 201, body: { ...showKey(key), apiKey: secret } };
      }),
  });

  app.post('/v1/tenants/:id/api-keys', {
    config: { access: adminAccess },
    schema: {
      operationId: 'createApiKeyOfTenant',
      tags: ['tenants'],
      summary: 'Make a key of a tenant that has none left; it is shown once',
      description: 'The way back in where the last key with `config:write` was deleted, has expired or was lost.',
      params: idInPath,
      body: newApiKey,
      response: { 201: createdApiKey },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const isThere = isId('tenant', id) && (await transactions.withTenant(id, findTenant)) !== null;
      if (!isThere) throw apiProblem('not_found', 'There is no tenant of this id.');
      request.tenantId = id;
      const byAdmin = { tenantId: id, actor: { kind: 'admin' }, requestId: request.id } as const;
      return answerCreation(request, reply, dependencies, async (tx) => {
        const { key, secret } = await createApiKey(tx, byAdmin, request.body, dependencies);
        return { status: 201, body: { ...showKey(key), apiKey: secret } };
      });
    },
  });

  app.get('/v1/api-keys', {
    config,
    schema: {
      operationId: 'listApiKeys',
      tags: ['keys'],
      summary: 'Keys that were not deleted, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(apiKeyView) },
    },
    handler: async (request) =>
      answerPage({
        query: request.query,
        format: byTime,
        load: (page) => transactions.withTenant(request.tenantId, (tx) => listApiKeys(tx, page)),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show: showKey,
      }),
  });

  app.get('/v1/me', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'getMe',
      tags: ['keys'],
      summary: 'The tenant, the key and the scopes that this call is made with',
      response: { 200: meView },
    },
    async handler({ tenantId, apiKeyId, isOperator, keyScopes }) {
      const [tenant, name] = await transactions.withTenant(
        tenantId,
        async (tx) => [await findTenant(tx), isOperator ? null : await findApiKeyName(tx, apiKeyId)] as const,
      );
      // The key was deleted while this was asked.
      if (tenant === null || (name === null && !isOperator))
        throw apiProblem('unauthorized', 'The key is not in force any more.');
      return {
        tenant: showTenant(tenant),
        key: name === null ? null : { id: apiKeyId, name },
        scopes: scopes.filter((scope) => keyScopes.includes(scope)),
      };
    },
  });

  app.delete('/v1/api-keys/:id', {
    config,
    schema: {
      operationId: 'deleteApiKey',
      tags: ['keys'],
      summary: 'End a key at once',
      params: idInPath,
      response: { 204: noBody },
    },
    async handler(request, reply) {
      const { id } = request.params;
      await transactions.withTenant(request.tenantId, async (tx) => {
        if (!(await revokeApiKey(tx, id, clock())))
          throw apiProblem('not_found', 'There is no key of this id in this tenant.');
        await recordAudit(tx, callerOf(request), { action: 'api_key.revoked', targetId: id, changed: [] });
      });
      return reply.code(204).send();
    },
  });
}

/** A key that could make a stronger one would have all scopes. */
function refuseLackingScopes(own: readonly string[], wanted: readonly string[]): void {
  const errors = wanted.flatMap((scope, index) =>
    own.includes(scope) ? [] : [{ pointer: `/scopes/${index}`, detail: `is not a scope of the calling key: ${scope}` }],
  );
  if (errors.length === 0) return;
  throw apiProblem('insufficient_scope', 'A key gives only scopes that it has itself.', { errors });
}

function showKey(key: ApiKey): z.input<typeof apiKeyView> {
  return {
    id: key.id,
    name: key.name,
    scopes: [...key.scopes],
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
  };
}
