import type { CreateId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { type ApiKey, insertApiKey } from '../store/api-keys.ts';
import type { Tx } from '../store/transactions.ts';
import { createApiKeySecret, hashApiKey } from './api-key-secret.ts';

/** Makes a key of a tenant in the caller's transaction. The key is returned here and never again. */
export async function createApiKey(
  tx: Tx,
  tenantId: string,
  wanted: { readonly name: string; readonly scopes: readonly Scope[]; readonly expiresAt: Date | null },
  dependencies: {
    readonly createId: CreateId;
    readonly clock: () => Date;
    readonly randomBytes: (count: number) => Buffer;
  },
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const { createId, clock, randomBytes } = dependencies;
  const secret = createApiKeySecret(randomBytes);
  const key: ApiKey = { id: createId('apiKey'), ...wanted, createdAt: clock() };
  await insertApiKey(tx, { ...key, tenantId, secretHash: hashApiKey(secret) });
  return { key, secret };
}
