import { type Caller, changedMembers } from '../domain/audit.ts';
import { scopes } from '../domain/scope.ts';
import { insertTenant, type Tenant } from '../store/tenants.ts';
import type { Tx } from '../store/transactions.ts';
import { createApiKey, type KeyMaking } from './create-api-key.ts';

/**
 * Makes a tenant of a new id, the caller's, and its first key, with all scopes, in that tenant's transaction. The key is
 * returned here and never again.
 */
export async function createTenant(
  tx: Tx,
  by: Caller,
  wanted: { readonly name: string; readonly defaultLanguage: string },
  dependencies: KeyMaking,
): Promise<{ readonly tenant: Tenant; readonly apiKey: string }> {
  const tenant = { id: by.tenantId, ...wanted, createdAt: dependencies.clock() };
  await insertTenant(tx, tenant);
  const changed = changedMembers({}, wanted);
  await dependencies.recordAudit(tx, by, { action: 'tenant.created', targetId: tenant.id, changed });
  const { secret } = await createApiKey(tx, by, { name: 'first key', scopes, expiresAt: null }, dependencies);
  return { tenant, apiKey: secret };
}
