import pg from 'pg';

export interface BenchDatabase {
  /** Position of the write-ahead log, in bytes: of the whole cluster. */
  readWalBytes(): Promise<number>;
  /** Committed and rolled back in our database so far. Backends report late: exact only once they have ended. */
  countTransactions(): Promise<number>;
  /** Jobs of a tenant, by state. */
  countJobs(tenantId: string): Promise<Readonly<Record<string, number>>>;
  describe(): Promise<string>;
  stop(): Promise<void>;
}

export async function openBenchDatabase(databaseUrl: string): Promise<BenchDatabase> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const readNumber = async (query: string) =>
    Number((await client.query<{ value: string }>(`select (${query}) as value`)).rows[0]?.value);
  return {
    readWalBytes: () => readNumber("pg_current_wal_lsn() - '0/0'::pg_lsn"),
    countTransactions: () =>
      readNumber('select xact_commit + xact_rollback from pg_stat_database where datname = current_database()'),
    async countJobs(tenantId) {
      // Row level security binds the owner too.
      await client.query('begin');
      await client.query("select set_config('waypost.tenant', $1, true)", [tenantId]);
      const { rows } = await client.query<{ state: string; count: string }>(
        'select state, count(*) as count from job group by state order by state',
      );
      await client.query('rollback');
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
    },
    async describe() {
      const names = ['server_version', 'fsync', 'synchronous_commit', 'shared_buffers'];
      const { rows } = await client.query<{ name: string; value: string }>(
        'select name, current_setting(name) as value from pg_settings where name = any($1) order by name desc',
        [names],
      );
      return rows.map(({ name, value }) => `${name} ${value}`).join(', ');
    },
    stop: () => client.end(),
  };
}
