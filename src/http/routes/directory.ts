import type { z } from 'zod';
import {
  merchantBody,
  merchantInPath,
  merchantView,
  userBody,
  userInPath,
  userView,
} from '../../contracts/http/directory.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import {
  type DirectoryUser,
  findMerchant,
  findUser,
  type Merchant,
  saveMerchant,
  saveUsers,
} from '../../store/directory.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';

export function registerDirectoryRoutes(app: App, dependencies: Pick<AppDependencies, 'transactions' | 'clock'>): void {
  const { transactions, clock } = dependencies;
  const config = { access: tenantAccess('directory:write') };

  app.put('/v1/directory/merchants/:merchantId', {
    config,
    schema: {
      operationId: 'putMerchant',
      tags: ['directory'],
      summary: 'Make or replace a merchant',
      params: merchantInPath,
      body: merchantBody,
      response: { 200: merchantView },
    },
    async handler({ tenantId, params, body }) {
      const merchant = { ...params, ...body, updatedAt: clock() };
      await transactions.withTenant(tenantId, (tx) => saveMerchant(tx, tenantId, merchant));
      return showMerchant(merchant);
    },
  });

  app.get('/v1/directory/merchants/:merchantId', {
    config,
    schema: {
      operationId: 'getMerchant',
      tags: ['directory'],
      summary: 'One merchant',
      params: merchantInPath,
      response: { 200: merchantView },
    },
    async handler({ tenantId, params }) {
      const merchant = await transactions.withTenant(tenantId, (tx) => findMerchant(tx, params.merchantId));
      if (merchant === null) throw apiProblem('not_found', 'There is no merchant of this id in this tenant.');
      return showMerchant(merchant);
    },
  });

  app.put('/v1/directory/merchants/:merchantId/users/:userId', {
    config,
    schema: {
      operationId: 'putUser',
      tags: ['directory'],
      summary: 'Make or replace a user',
      description:
        'A merchant that is not there yet is made, active and without a name. Tokens that are not given any more are ' +
        'removed; a token that is given again counts as registered now.',
      params: userInPath,
      body: userBody,
      response: { 200: userView },
    },
    async handler({ tenantId, params, body }) {
      const { push, ...rest } = body;
      const user = { ...params, ...rest, pushEnabled: push.enabled, tokens: push.tokens };
      const saved = await transactions.withTenant(tenantId, async (tx) => {
        await saveUsers(tx, tenantId, [user], clock());
        return findUser(tx, params.merchantId, params.userId);
      });
      return showUser(requireUser(saved));
    },
  });

  app.get('/v1/directory/merchants/:merchantId/users/:userId', {
    config,
    schema: {
      operationId: 'getUser',
      tags: ['directory'],
      summary: 'One user',
      params: userInPath,
      response: { 200: userView },
    },
    async handler({ tenantId, params }) {
      return showUser(
        requireUser(await transactions.withTenant(tenantId, (tx) => findUser(tx, params.merchantId, params.userId))),
      );
    },
  });
}

function requireUser(user: DirectoryUser | null): DirectoryUser {
  if (user === null) throw apiProblem('not_found', 'There is no such user of this merchant in this tenant.');
  return user;
}

function showMerchant(merchant: Merchant): z.input<typeof merchantView> {
  return { ...merchant, updatedAt: merchant.updatedAt.toISOString() };
}

function showUser({ pushEnabled, tokens, ...user }: DirectoryUser): z.input<typeof userView> {
  return {
    ...user,
    roles: [...user.roles],
    push: {
      enabled: pushEnabled,
      tokens: tokens.map((each) => ({ ...each, registeredAt: each.registeredAt.toISOString() })),
    },
    updatedAt: user.updatedAt.toISOString(),
  };
}
