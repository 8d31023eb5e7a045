import pg from 'pg';

/** Tables that hold rows of tenants, by the catalogue. */
export async function listTenantTables(ownerUrl: string): Promise<string[]> {
  return withOwner(ownerUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1`,
    );
    return rows.map(({ name }) => name);
  });
}

/** Every table of which some row of the tenant holds the text in some column, of whatever type. */
export async function findInTables(ownerUrl: string, tenantId: string, text: string): Promise<string[]> {
  const tables = await listTenantTables(ownerUrl);
  return withOwner(ownerUrl, async (client) => {
    await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
    const found: string[] = [];
    for (const table of tables) {
      // A row as text is all of its columns as text.
      const { rowCount } = await client.query(
        `select 1 from ${table} as row where tenant_id = $1 and row::text like '%' || $2 || '%' limit 1`,
        [tenantId, text],
      );
      if ((rowCount ?? 0) > 0) found.push(table);
    }
    return found;
  });
}

async function withOwner<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
