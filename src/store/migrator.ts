import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readDatabaseUrl, runtimeRole } from './pool.ts';

/** The oldest server that has everything the schema uses. */
const oldestServerVersion = 150_000;
// Any fixed number: migrators of several processes take turns by it.
const migrationLock = 7_292_766;
const turnPollMs = 250;
/** As long as the builds of large indexes by another process may take. */
const turnWaitMs = 3_600_000;
/**
 * A migration that waits for a table makes everybody wait who comes after it, so it gives up before the runtime does
 * (`lock_timeout` of 10 s) and tries again a little later.
 */
const lockTimeoutMs = 3_000;
const lockPauseMs = 1_000;
const maxLockTries = 60;
/** Without a transaction: builds of indexes wait for transactions to end, and nobody waits for them. */
const patientLockTimeoutMs = 600_000;
// The first migration of databases that are older than the baseline: there is no way from them to it.
const firstBeforeBaseline = '0001_foundation.sql';

export interface MigrationResult {
  readonly applied: readonly string[];
  readonly version: string;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** Number of the oldest newest migration whose Waypost runs on with this one; null = only one that knows it. */
  readonly compatibleFrom: string | null;
  readonly isTransactional: boolean;
}

const ownFolder = new URL('./migrations/', import.meta.url);

async function listMigrations(folder: URL): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^\d{4}_.+\.sql$/.test(name)).toSorted();
}

async function readMigration(folder: URL, name: string): Promise<Migration> {
  const sql = await readFile(new URL(name, folder), 'utf8');
  const header = /^(?:--.*\n)*/.exec(sql)?.[0] ?? '';
  return {
    name,
    sql,
    compatibleFrom: /^-- compatible from (\d{4})$/m.exec(header)?.[1] ?? null,
    isTransactional: !/^-- no-transaction$/m.test(header),
  };
}

/**
 * Brings the schema to this version: each file once, in order, one migrator at a time, in a transaction of its own unless its
 * header says `-- no-transaction`. Running it again, also after it was interrupted, or in several processes together, changes
 * nothing. A newer schema is left as it is where each migration that this version does not know is compatible with it, and
 * refused otherwise. Needs the owner's connection; makes the runtime role.
 */
export async function migrate(options: {
  readonly connectionString: string;
  /** Absent = ours. */
  readonly folder?: URL;
}): Promise<MigrationResult> {
  const { connectionString, folder = ownFolder } = options;
  const names = await listMigrations(folder);
  return withClient(connectionString, async (client) => {
    await refuseOldServer(client);
    return withClient(connectionString, async (holder) => {
      await takeTurn(holder);
      await ensureRuntimeRole(client);
      await client.query(
        `create table if not exists schema_migration (
          name text primary key, applied_at timestamptz not null default now(), compatible_from text)`,
      );
      const { rows: done } = await client.query<AppliedMigration>('select name, compatible_from from schema_migration');
      refuseUnknown(done, names);
      const missing = names.filter((name) => !done.some((each) => each.name === name));
      for (const name of missing) await apply(client, await readMigration(folder, name));
      return { applied: missing, version: names.at(-1) ?? 'none' };
    });
  });
}

/** The newest migration that this build knows, for the readiness check. */
export async function expectedSchemaVersion(): Promise<string> {
  return (await listMigrations(ownFolder)).at(-1) ?? 'none';
}

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const { connectionString, options } = readDatabaseUrl(url);
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 10_000,
    options: `${options} -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=${patientLockTimeoutMs}`,
  });
  // An 'error' that nobody hears would end the process with a stack; the statement that fails tells the loss in order.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/**
 * Holds the lock until the connection ends, by a transaction, which needs no session of its own behind a pooler. Who waits
 * asks again and again: a statement that waited for the lock would have a snapshot, and the build of an index that holds the
 * lock waits for all snapshots to end.
 */
async function takeTurn(holder: pg.Client): Promise<void> {
  const deadline = Date.now() + turnWaitMs;
  while (true) {
    await holder.query('begin');
    // Without bound values: with them its snapshot would stay for as long as the transaction.
    const { rows } = await holder.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(${migrationLock}) as taken`,
    );
    if (rows[0]?.taken === true) return;
    await holder.query('rollback');
    if (Date.now() > deadline) throw new Error('another process has been migrating this database for an hour.');
    await sleep(turnPollMs);
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    if (migration.isTransactional) await applyInTransaction(client, migration);
    else await applyStepByStep(client, migration);
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function applyInTransaction(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = ${lockTimeoutMs}`);
      await record(client, migration);
      await client.query(migration.sql);
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback');
      // lock_not_available, deadlock_detected
      const isBusy = error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');
      if (!isBusy || tries === maxLockTries) throw error;
      await sleep(lockPauseMs);
    }
  }
}

/**
 * One statement after the other, each of which ends with `;` at the end of a line and can be repeated: an interrupted
 * migration begins anew. What it left of an index that was being built is dropped first, for nothing else completes it.
 */
async function applyStepByStep(client: pg.Client, migration: Migration): Promise<void> {
  const statements = migration.sql
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  for (const statement of statements) {
    const index = /^create\s+(?:unique\s+)?index\s+concurrently\s+if\s+not\s+exists\s+(\w+)/i.exec(statement)?.[1];
    if (index !== undefined) await dropInvalidIndex(client, index);
    await client.query(statement);
  }
  await record(client, migration);
}

async function dropInvalidIndex(client: pg.Client, name: string): Promise<void> {
  const found = await client.query('select 1 from pg_index where indexrelid = to_regclass($1) and not indisvalid', [
    name,
  ]);
  if (found.rowCount !== 0) await client.query(`drop index concurrently if exists ${name}`);
}

async function record(client: pg.Client, { name, compatibleFrom }: Migration): Promise<void> {
  await client.query('insert into schema_migration (name, compatible_from) values ($1, $2)', [name, compatibleFrom]);
}

interface AppliedMigration {
  readonly name: string;
  readonly compatible_from: string | null;
}

function refuseUnknown(done: readonly AppliedMigration[], known: readonly string[]): void {
  if (done.some(({ name }) => name === firstBeforeBaseline)) {
    throw new Error(
      'the database was made before the first release, by migrations that a new baseline has replaced: give Waypost an empty database.',
    );
  }
  const newestKnown = known.at(-1)?.slice(0, 4) ?? '';
  const refused = done.filter(
    ({ name, compatible_from: from }) => !known.includes(name) && (from === null || from > newestKnown),
  );
  if (refused.length > 0) {
    throw new Error(
      `the database holds migrations that this version does not know and cannot run with (${refused.map(({ name }) => name).join(', ')}): use a newer Waypost.`,
    );
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const answer = await client.query<{ server_version_num: string; server_version: string }>(
    "select current_setting('server_version_num') as server_version_num, current_setting('server_version') as server_version",
  );
  const row = answer.rows[0];
  if (row === undefined || Number(row.server_version_num) < oldestServerVersion) {
    throw new Error(`Postgres ${row?.server_version ?? 'of unknown version'} is too old: Waypost needs 15 or newer.`);
  }
}

async function ensureRuntimeRole(client: pg.Client): Promise<void> {
  const found = await client.query('select 1 from pg_roles where rolname = $1', [runtimeRole]);
  if (found.rowCount === 0) {
    // Two databases of one cluster may be migrated at once, and roles belong to the cluster.
    await client.query(`
      do $$ begin
        create role ${runtimeRole} nologin nobypassrls;
      exception when duplicate_object or unique_violation then null;
      end $$`);
  }
  // Since Postgres 16 who makes a role is a member of it that may not take it, until it is granted once more.
  const held = await client.query<{ ok: boolean }>(
    `select pg_has_role(current_user, $1, case when current_setting('server_version_num')::int >= 160000
      then 'set' else 'member' end) as ok`,
    [runtimeRole],
  );
  if (held.rows[0]?.ok !== true) await client.query(`grant ${runtimeRole} to current_user`);
}
