import type { CreateId } from '../domain/ids.ts';
import { scopes } from '../domain/scope.ts';
import { insertApiKey } from '../store/api-keys.ts';
import { insertTenant, type Tenant } from '../store/tenants.ts';
import type { Transactions } from '../store/transactions.ts';
import { createApiKeySecret, hashApiKey } from './api-key-secret.ts';

/** Makes a tenant and its first key, with all scopes, in one transaction. The key is returned here and never again. */
export async function createTenant(
  dependencies: {
    readonly transactions: Transactions;
    readonly createId: CreateId;
    readonly clock: () => Date;
    readonly randomBytes: (count: number) => Buffer;
  },
  wanted: { readonly name: string; readonly defaultLanguage: string },
): Promise<{ readonly tenant: Tenant; readonly apiKey: string }> {
  const { transactions, createId, clock, randomBytes } = dependencies;
  const createdAt = clock();
  const tenant = { id: createId('tenant'), ...wanted, createdAt };
  const apiKey = createApiKeySecret(randomBytes);
  await transactions.withTenant(tenant.id, async (tx) => {
    await insertTenant(tx, tenant);
    await insertApiKey(tx, {
      id: createId('apiKey'),
      tenantId: tenant.id,
      name: 'first key',
      scopes,
      secretHash: hashApiKey(apiKey),
      createdAt,
      expiresAt: null,
    });
  });
  return { tenant, apiKey };
}
