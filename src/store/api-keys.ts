import type { Scope } from '../domain/scope.ts';
import type { Tx } from './transactions.ts';

/** `expiresAt` null = never. The key itself is known to its holder alone. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

export async function insertApiKey(
  tx: Tx,
  key: ApiKey & { readonly tenantId: string; readonly secretHash: Uint8Array },
): Promise<void> {
  await tx.execute({
    text: `insert into api_key (id, tenant_id, name, scopes, secret_hash, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [key.id, key.tenantId, key.name, key.scopes, key.secretHash, key.createdAt, key.expiresAt],
  });
}

/** Keys that were not deleted, newest first; those that have expired are among them. */
export async function listApiKeys(
  tx: Tx,
  page: { limit: number; after: { createdAt: Date; id: string } | null },
): Promise<ApiKey[]> {
  const rows = await tx.query<{ id: string; name: string; scopes: Scope[]; created_at: Date; expires_at: Date | null }>(
    {
      text: `select id, name, scopes, created_at, expires_at from api_key
      where revoked_at is null and ($1::timestamptz is null or (created_at, id) < ($1, $2))
      order by created_at desc, id desc limit $3`,
      values: [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
    },
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }));
}

/** Null = it was deleted. */
export async function findApiKeyName(tx: Tx, id: string): Promise<string | null> {
  const rows = await tx.query<{ name: string }>({
    text: 'select name from api_key where id = $1 and revoked_at is null',
    values: [id],
  });
  return rows[0]?.name ?? null;
}

/** Whether the key still opens what it opened: for answers that go on after they were begun. */
export async function isApiKeyInForce(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query({
    text: 'select 1 from api_key where id = $1 and revoked_at is null and (expires_at is null or expires_at > now())',
    values: [id],
  });
  return rows.length > 0;
}

/** From now on the key opens nothing; false = there is none of this id, or it was deleted before. */
export async function revokeApiKey(tx: Tx, id: string, now: Date): Promise<boolean> {
  const count = await tx.execute({
    text: 'update api_key set revoked_at = $2 where id = $1 and revoked_at is null',
    values: [id, now],
  });
  return count === 1;
}
