import { type Caller, changedMembers } from '../domain/audit.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { type ApiKey, insertApiKey } from '../store/api-keys.ts';
import type { RecordAudit } from '../store/audit.ts';
import { requireRoomForOneMore } from '../store/tenant-limits.ts';
import type { Tx } from '../store/transactions.ts';
import { createApiKeySecret, hashApiKey } from './api-key-secret.ts';

export interface KeyMaking {
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  readonly recordAudit: RecordAudit;
}

/** Makes a key of the caller's tenant in the caller's transaction. The key is returned here and never again. */
export async function createApiKey(
  tx: Tx,
  by: Caller,
  wanted: { readonly name: string; readonly scopes: readonly Scope[]; readonly expiresAt: Date | null },
  dependencies: KeyMaking,
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const { createId, clock, randomBytes, recordAudit } = dependencies;
  await requireRoomForOneMore(tx, by.tenantId, 'apiKey');
  const secret = createApiKeySecret(randomBytes);
  const key: ApiKey = { id: createId('apiKey'), ...wanted, createdAt: clock() };
  await insertApiKey(tx, { ...key, tenantId: by.tenantId, secretHash: hashApiKey(secret) });
  const changed = changedMembers({}, wanted);
  await recordAudit(tx, by, { action: 'api_key.created', targetId: key.id, changed });
  return { key, secret };
}
