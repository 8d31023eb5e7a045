import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { runtimeRole } from './pool.ts';

/** The oldest server that has everything the schema uses. */
const oldestServerVersion = 150_000;
// Any fixed number: migrators of several processes take turns by it.
const migrationLock = 7_292_766;

// The first migration of databases that are older than the baseline: there is no way from them to it.
const firstBeforeBaseline = '0001_foundation.sql';

export interface MigrationResult {
  readonly applied: readonly string[];
  readonly version: string;
}

const folder = new URL('./migrations/', import.meta.url);

async function listMigrations(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^\d{4}_.+\.sql$/.test(name)).toSorted();
}

/**
 * Brings the schema to this version: each file once, in order, in its own transaction, one migrator at a time. Running it
 * again, or in several processes together, changes nothing. Needs the owner's connection; makes the runtime role.
 */
export async function migrate(options: { readonly connectionString: string }): Promise<MigrationResult> {
  const client = new pg.Client({ connectionString: options.connectionString, connectionTimeoutMillis: 10_000 });
  // An 'error' that nobody hears would end the process with a stack; the statement that fails tells the loss in order.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query("set lock_timeout = '60s'");
    await refuseOldServer(client);
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await ensureRuntimeRole(client);
    await client.query(
      `create table if not exists schema_migration (
        name text primary key, applied_at timestamptz not null default now(), compatible_from text)`,
    );
    const known = await client.query<{ name: string }>('select name from schema_migration');
    const done = new Set(known.rows.map((row) => row.name));
    const names = await listMigrations();
    refuseNewerSchema(done, names);
    const applied: string[] = [];
    for (const name of names) {
      if (done.has(name)) continue;
      await applyMigration(client, name);
      applied.push(name);
    }
    return { applied, version: names.at(-1) ?? 'none' };
  } finally {
    await client.end();
  }
}

/** The newest migration that this build knows, for the readiness check. */
export async function expectedSchemaVersion(): Promise<string> {
  return (await listMigrations()).at(-1) ?? 'none';
}

async function applyMigration(client: pg.Client, name: string): Promise<void> {
  const sql = await readFile(new URL(name, folder), 'utf8');
  await client.query('begin');
  try {
    await client.query('insert into schema_migration (name) values ($1)', [name]);
    await client.query(sql);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
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

function refuseNewerSchema(done: ReadonlySet<string>, known: readonly string[]): void {
  if (done.has(firstBeforeBaseline)) {
    throw new Error(
      'the database was made before the first release, by migrations that a new baseline has replaced: give Waypost an empty database.',
    );
  }
  const unknown = [...done].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `the database holds migrations that this version does not know (${unknown.join(', ')}): use a newer Waypost.`,
    );
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
