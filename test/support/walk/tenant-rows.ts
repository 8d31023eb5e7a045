import type { TestApp } from '../test-app.ts';

/** The tables that hold rows of tenants, by the catalogue: whatever has a tenant_id, and the tenants themselves. */
export async function listTenantTables(test: TestApp): Promise<string[]> {
  const { rows } = await test.database.pool.query<{ name: string }>(
    `select c.relname as name from pg_class c
      where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
        and (c.relname = 'tenant' or exists (
          select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
      order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Every row of a tenant as text, by table. */
export async function readTenantRows(test: TestApp, tenantId: string): Promise<Record<string, string[]>> {
  const tables = await listTenantTables(test);
  return test.database.transactions.withTenant(tenantId, async (tx) => {
    const found: Record<string, string[]> = {};
    for (const table of tables) {
      const rows = await tx.query<{ row: string }>({ text: `select t::text as row from ${table} t order by 1` });
      found[table] = rows.map(({ row }) => row);
    }
    return found;
  });
}
