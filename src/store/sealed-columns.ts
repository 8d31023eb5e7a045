import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';
import type { Tx } from './transactions.ts';

/** Where sealed text stands, one a row of a tenant. */
interface SealedColumn {
  /** As it stands in the `SealedPlace` of its texts. */
  readonly name: string;
  readonly table: string;
  /** Tells the rows of one tenant apart. */
  readonly key: string;
  /** Null where a row has nothing sealed. */
  readonly sealed: string;
  /** Sets it to `fresh.sealed`. */
  readonly set: string;
}

/** Everything that is sealed in Postgres. A test seals with one key, rotates, and looks through all columns of all tables. */
export const sealedColumns: readonly SealedColumn[] = [
  ...['channel', 'integration', 'webhook'].map((table) => ({
    name: `${table}.secrets`,
    table,
    key: 'id',
    sealed: 'secrets',
    set: 'secrets = fresh.sealed',
  })),
  {
    name: 'tenant.directory_source',
    table: 'tenant',
    key: 'id',
    sealed: "directory_source ->> 'sealedApiKey'",
    set: "directory_source = jsonb_set(directory_source, '{sealedApiKey}', to_jsonb(fresh.sealed))",
  },
  { name: 'tenant.hash_key', table: 'tenant', key: 'id', sealed: 'hash_key', set: 'hash_key = fresh.sealed' },
  { name: 'idempotency_key.body', table: 'idempotency_key', key: 'key', sealed: 'body', set: 'body = fresh.sealed' },
];

/** `last` null = there was nothing behind `after`. */
interface ResealedPage {
  readonly resealed: number;
  /** What no key of the ring opens at its place; left as it is. */
  readonly unreadable: number;
  readonly last: string | null;
}

/**
 * Seals anew what the ring's first key did not seal in the present form, in at most `limit` rows behind `after`, in the order of their keys. Rows
 * that someone else holds are left out, so that nobody waits. Twice is safe: what was sealed anew is not found again.
 */
export async function resealPage(
  tx: Tx,
  column: SealedColumn,
  keyRing: KeyRing,
  page: { readonly tenantId: string; readonly after: string; readonly limit: number },
): Promise<ResealedPage> {
  const { name, table, key, sealed, set } = column;
  const rows = await tx.query<{ key: string; sealed: string }>({
    text: `select ${key} as key, ${sealed} as sealed from ${table}
      where ${key} > $1 and not starts_with(${sealed}, $2) order by ${key} limit $3 for update skip locked`,
    values: [page.after, keyRing.sealingPrefix, page.limit],
  });
  const fresh = rows.flatMap((row) => {
    const place = { column: name, tenantId: page.tenantId, row: row.key };
    const text = openOrNull(keyRing, row.sealed, place);
    return text === null ? [] : [{ key: row.key, sealed: keyRing.sealText(text, place) }];
  });
  await tx.execute({
    text: `update ${table} set ${set} from unnest($1::text[], $2::text[]) as fresh (key, sealed)
      where ${table}.${key} = fresh.key`,
    values: [fresh.map((row) => row.key), fresh.map((row) => row.sealed)],
  });
  return { resealed: fresh.length, unreadable: rows.length - fresh.length, last: rows.at(-1)?.key ?? null };
}

/** How many rows of the tenant are not sealed by the ring's first key in the present form, for each key. */
export async function countOthersByKey(
  tx: Tx,
  { table, sealed }: SealedColumn,
  keyRing: KeyRing,
): Promise<{ keyId: string; rows: number }[]> {
  const counts = await tx.query<{ key_id: string; rows: number }>({
    text: `select split_part(${sealed}, '.', 1) as key_id, count(*)::integer as rows from ${table}
      where not starts_with(${sealed}, $1) group by 1 order by 1`,
    values: [keyRing.sealingPrefix],
  });
  return counts.map((row) => ({ keyId: row.key_id, rows: row.rows }));
}

function openOrNull(keyRing: KeyRing, sealed: string, place: SealedPlace): string | null {
  try {
    return keyRing.openText(sealed, place);
  } catch {
    // Its key is not in the ring, or it was damaged or moved: the count that remains tells of it.
    return null;
  }
}
