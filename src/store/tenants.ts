import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';
import type { Tx } from './transactions.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly defaultLanguage: string;
  readonly createdAt: Date;
}

/** Allowed screens with the parameters that each needs. */
export type TargetScreens = Readonly<Record<string, readonly string[]>>;

/** Where merchants and users come from; `apiKey` null = the service asks for none. */
export type DirectorySource =
  | { readonly kind: 'postgres' }
  | { readonly kind: 'http'; readonly url: string; readonly apiKey: string | null };

export async function insertTenant(tx: Tx, tenant: Tenant): Promise<void> {
  await tx.execute({
    text: 'insert into tenant (id, name, default_language, created_at) values ($1, $2, $3, $4)',
    values: [tenant.id, tenant.name, tenant.defaultLanguage, tenant.createdAt],
  });
}

/** The transaction's own tenant; null = there is none of this id. */
export async function findTenant(tx: Tx): Promise<Tenant | null> {
  const rows = await tx.query<{ id: string; name: string; default_language: string; created_at: Date }>({
    name: 'find-tenant',
    text: 'select id, name, default_language, created_at from tenant',
  });
  const row = rows[0];
  return row === undefined
    ? null
    : { id: row.id, name: row.name, defaultLanguage: row.default_language, createdAt: row.created_at };
}

/** Until the transaction ends nobody else changes a setting that the tenant has one of: for those who compare first. */
export async function lockTenantSettings(tx: Tx): Promise<void> {
  await tx.execute({ text: 'select 1 from tenant for no key update' });
}

/** Null = any screen is allowed. */
export async function findTargetScreens(tx: Tx): Promise<TargetScreens | null> {
  const rows = await tx.query<{ target_screens: TargetScreens | null }>({ text: 'select target_screens from tenant' });
  return rows[0]?.target_screens ?? null;
}

/** Row level security narrows the statement to the transaction's own tenant. */
export async function saveTargetScreens(tx: Tx, screens: TargetScreens | null): Promise<void> {
  await tx.execute({
    text: 'update tenant set target_screens = $1',
    values: [screens === null ? null : JSON.stringify(screens)],
  });
}

type StoredSource = { kind: 'postgres' } | { kind: 'http'; url: string; sealedApiKey: string | null };

export async function findDirectorySource(tx: Tx, keyRing: KeyRing): Promise<DirectorySource> {
  const rows = await tx.query<{ id: string; directory_source: StoredSource | null }>({
    text: 'select id, directory_source from tenant',
  });
  const row = rows[0];
  if (row === undefined || row.directory_source === null) return { kind: 'postgres' };
  const source = row.directory_source;
  if (source.kind === 'postgres') return source;
  const apiKey = source.sealedApiKey === null ? null : keyRing.openText(source.sealedApiKey, sourcePlace(row.id));
  return { kind: 'http', url: source.url, apiKey };
}

export async function saveDirectorySource(
  tx: Tx,
  tenantId: string,
  source: DirectorySource,
  keyRing: KeyRing,
): Promise<void> {
  const stored: StoredSource =
    source.kind === 'postgres'
      ? source
      : {
          kind: 'http',
          url: source.url,
          sealedApiKey: source.apiKey === null ? null : keyRing.sealText(source.apiKey, sourcePlace(tenantId)),
        };
  await tx.execute({ text: 'update tenant set directory_source = $1', values: [JSON.stringify(stored)] });
}

function sourcePlace(tenantId: string): SealedPlace {
  return { column: 'tenant.directory_source', tenantId, row: tenantId };
}
