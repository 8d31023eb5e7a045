import type { CreateId } from '../domain/ids.ts';
import { scopes } from '../domain/scope.ts';
import { insertTenant, type Tenant } from '../store/tenants.ts';
import type { Tx } from '../store/transactions.ts';
import { createApiKey } from './create-api-key.ts';

/**
 * Makes a tenant of a new id and its first key, with all scopes, in that tenant's transaction. The key is returned here and
 * never again.
 */
export async function createTenant(
  tx: Tx,
  id: string,
  wanted: { readonly name: string; readonly defaultLanguage: string },
  dependencies: {
    readonly createId: CreateId;
    readonly clock: () => Date;
    readonly randomBytes: (count: number) => Buffer;
  },
): Promise<{ readonly tenant: Tenant; readonly apiKey: string }> {
  const tenant = { id, ...wanted, createdAt: dependencies.clock() };
  await insertTenant(tx, tenant);
  const { secret } = await createApiKey(tx, id, { name: 'first key', scopes, expiresAt: null }, dependencies);
  return { tenant, apiKey: secret };
}
