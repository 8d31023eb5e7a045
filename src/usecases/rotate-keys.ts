import type { KeyRing } from '../domain/key-ring.ts';
import { listTenants } from '../store/cross-tenant.ts';
import { countOthersByKey, resealPage, sealedColumns } from '../store/sealed-columns.ts';
import type { Transactions } from '../store/transactions.ts';

const tenantsPerPage = 200;
/** Short enough to hold locks for milliseconds. */
const rowsPerTransaction = 100;
/** Rows that were held by others are looked for again, so often. */
const maxPasses = 5;
const pauseMs = 200;

export interface RotatedColumn {
  readonly name: string;
  readonly resealed: number;
  /** Rows that the first key has not sealed in the present form, by the key that has. */
  readonly remaining: ReadonlyMap<string, number>;
}

/**
 * Seals everything in Postgres anew that the ring's first key did not seal in the present form, tenant by tenant. Safe to run twice, beside
 * running processes, and again after it was stopped in the middle. What remains was sealed meanwhile by a process that has
 * another first key, or cannot be opened. Null = `isStopped` said so.
 */
export async function rotateKeys(dependencies: {
  readonly transactions: Transactions;
  readonly keyRing: KeyRing;
  readonly isStopped: () => boolean;
  readonly sleep: (ms: number) => Promise<unknown>;
}): Promise<readonly RotatedColumn[] | null> {
  const { isStopped, sleep } = dependencies;
  const resealed = new Map<string, number>();
  let found: RotatedColumn[] = [];
  for (let pass = 0; pass < maxPasses; pass += 1) {
    if (pass > 0) await sleep(pauseMs);
    await forEachTenant(dependencies, async (tenantId) => {
      for (const column of sealedColumns) {
        const rows = await resealColumn(dependencies, tenantId, column);
        resealed.set(column.name, (resealed.get(column.name) ?? 0) + rows);
      }
    });
    if (isStopped()) return null;
    const remaining = await countRemaining(dependencies);
    found = sealedColumns.map(({ name }) => ({
      name,
      resealed: resealed.get(name) ?? 0,
      remaining: remaining.get(name) ?? new Map<string, number>(),
    }));
    if (found.every((column) => column.remaining.size === 0)) break;
  }
  return found;
}

type Dependencies = Parameters<typeof rotateKeys>[0];

async function forEachTenant(
  { transactions, isStopped }: Dependencies,
  work: (tenantId: string) => Promise<void>,
): Promise<void> {
  let last: { createdAt: Date; id: string } | undefined;
  let isWhole = true;
  while (isWhole) {
    const after = last ?? null;
    const page = await transactions.acrossTenants((tx) => listTenants(tx, { limit: tenantsPerPage, after }));
    for (const { id } of page) if (!isStopped()) await work(id);
    last = page.at(-1);
    isWhole = page.length === tenantsPerPage;
  }
}

async function resealColumn(
  { transactions, keyRing, isStopped }: Dependencies,
  tenantId: string,
  column: (typeof sealedColumns)[number],
): Promise<number> {
  let resealed = 0;
  for (let after: string | null = ''; after !== null && !isStopped();) {
    const from: string = after;
    const page = await transactions.withTenant(tenantId, (tx) =>
      resealPage(tx, column, keyRing, { tenantId, after: from, limit: rowsPerTransaction }),
    );
    resealed += page.resealed;
    after = page.last;
  }
  return resealed;
}

async function countRemaining(dependencies: Dependencies): Promise<Map<string, Map<string, number>>> {
  const { transactions, keyRing } = dependencies;
  const remaining = new Map<string, Map<string, number>>();
  await forEachTenant(dependencies, async (tenantId) => {
    for (const column of sealedColumns) {
      const counts = await transactions.withTenant(tenantId, (tx) => countOthersByKey(tx, column, keyRing));
      for (const { keyId, rows } of counts) {
        const byKey = remaining.get(column.name) ?? new Map<string, number>();
        remaining.set(column.name, byKey.set(keyId, (byKey.get(keyId) ?? 0) + rows));
      }
    }
  });
  return remaining;
}
