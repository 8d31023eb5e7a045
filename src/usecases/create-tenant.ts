import { changedMembers } from '../domain/audit.ts';
import type { CreateId } from '../domain/ids.ts';
import { scopes } from '../domain/scope.ts';
import { insertApiKey } from '../store/api-keys.ts';
import type { RecordAudit } from '../store/audit.ts';
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
    readonly recordAudit: RecordAudit;
  },
  wanted: { readonly name: string; readonly defaultLanguage: string },
  requestId: string,
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
    const by = { tenantId: tenant.id, actor: { kind: 'admin' }, requestId } as const;
    const changed = changedMembers({}, wanted);
    await dependencies.recordAudit(tx, by, { action: 'tenant.created', targetId: tenant.id, changed });
  });
  return { tenant, apiKey };
}
