import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

export interface BenchDatabase {
  /** Position of the write-ahead log, in bytes: of the whole cluster. */
  readWalBytes(): Promise<number>;
  /** Committed and rolled back in our database so far. Backends report late: exact only once they have ended. */
  countTransactions(): Promise<number>;
  /** Jobs of a tenant, by state. */
  countJobs(tenantId: string): Promise<Readonly<Record<string, number>>>;
  /** One transaction, always. */
  hasEnded(tenantId: string, jobId: string): Promise<boolean>;
  /** Rows of a notification: stored in inboxes, different users among them, and recipients that say `delivered`. */
  countNotified(tenantId: string, jobId: string): Promise<NotifiedRows>;
  /** Users of merchants whose id is like this pattern. */
  countUsers(tenantId: string, merchantsLike: string): Promise<number>;
  describe(): Promise<string>;
  stop(): Promise<void>;
}

export interface NotifiedRows {
  readonly stored: number;
  readonly users: number;
  readonly delivered: number;
}

export async function openBenchDatabase(databaseUrl: string): Promise<BenchDatabase> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const readNumber = async (query: string) =>
    Number((await client.query<{ value: string }>(`select (${query}) as value`)).rows[0]?.value);
  /** Row level security binds the owner too. */
  async function asTenant<Row extends pg.QueryResultRow>(tenantId: string, query: pg.QueryConfig): Promise<Row[]> {
    await client.query('begin');
    await client.query("select set_config('waypost.tenant', $1, true)", [tenantId]);
    const { rows } = await client.query<Row>(query);
    await client.query('rollback');
    return rows;
  }

  return {
    readWalBytes: () => readNumber("pg_current_wal_lsn() - '0/0'::pg_lsn"),
    countTransactions: () =>
      readNumber('select xact_commit + xact_rollback from pg_stat_database where datname = current_database()'),
    async countJobs(tenantId) {
      const rows = await asTenant<{ state: string; count: string }>(tenantId, {
        text: 'select state, count(*) as count from job group by state order by state',
      });
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
    },
    async hasEnded(tenantId, jobId) {
      const text = 'select terminal from job where id = $1';
      const [job] = await asTenant<{ terminal: boolean }>(tenantId, { text, values: [jobId] });
      return job?.terminal === true;
    },
    async countNotified(tenantId, jobId) {
      const [rows] = await asTenant<NotifiedRows>(tenantId, {
        text: `select stored, users, (select count(*)::integer from recipient where job_id = $1 and state = 'delivered')
            as delivered
          from (select count(*)::integer as stored, count(distinct (merchant_id, user_id))::integer as users
            from inbox_notification where job_id = $1) inbox`,
        values: [jobId],
      });
      return rows ?? { stored: 0, users: 0, delivered: 0 };
    },
    async countUsers(tenantId, merchantsLike) {
      const text = 'select count(*)::integer as count from directory_user where merchant_id like $1';
      const [row] = await asTenant<{ count: number }>(tenantId, { text, values: [merchantsLike] });
      return row?.count ?? 0;
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

/** An idle backend tells the statistics what it did within 10 s (pgstat.c, PGSTAT_IDLE_INTERVAL). */
const reportedWithinMs = 11_000;

/**
 * Runs `work` between two moments at which every backend has told what it did, and counts the transactions of ours in
 * between, less what an idle product does in that time. Takes 33 s longer than `work`.
 */
export async function countTransactions<T>(
  database: BenchDatabase,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly transactions: number }> {
  const read = async () => {
    await sleep(reportedWithinMs);
    return { count: await database.countTransactions(), atMs: performance.now() };
  };
  const idle = await read();
  const before = await read();
  const result = await work();
  const after = await read();
  const idlePerMs = (before.count - idle.count) / (before.atMs - idle.atMs);
  const counted = after.count - before.count - idlePerMs * (after.atMs - before.atMs);
  return { result, transactions: Math.max(0, Math.round(counted)) };
}
