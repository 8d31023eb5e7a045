import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { expectedSchemaVersion, migrate } from '../../src/store/migrator.ts';
import { dropDatabase } from '../support/drop-database.ts';

const suffix = randomBytes(6).toString('hex');
const database = `waypost_migrated_${suffix}`;
/** Who installs extensions: not the owner of our schema. */
const stranger = `waypost_stranger_${suffix}`;
let owner: pg.Client;
let client: pg.Client;
let url: string;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: inject('databaseUrl') });
  await owner.connect();
  await owner.query(`create database ${database}`);
  url = Object.assign(new URL(inject('databaseUrl')), { pathname: `/${database}` }).href;
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await dropDatabase(inject('databaseUrl'), database);
  await owner.query(`drop role if exists ${stranger}`);
  await owner.end();
});

it('migrates a database in whose schema somebody else keeps functions, tables and views', async () => {
  await client.query(`
    create role ${stranger} nologin;
    grant ${stranger} to current_user;
    grant create, usage on schema public to ${stranger};
    set role ${stranger};
    create function reset_figures() returns integer language sql as 'select 1';
    revoke all on function reset_figures() from public;
    create table figure (value integer);
    create view figures as select value from figure;
    reset role`);
  const { version } = await migrate({ connectionString: url });
  expect(version).toBe(await expectedSchemaVersion());
  const { rows } = await client.query<{ ours: boolean; theirs: boolean }>(
    `select has_table_privilege('waypost_app', 'job', 'select') as ours,
      has_table_privilege('waypost_app', 'figure', 'select') as theirs`,
  );
  expect(rows).toEqual([{ ours: true, theirs: false }]);
});

it('names the remedy where the database holds the migrations that the baseline has replaced', async () => {
  await client.query("insert into schema_migration (name) values ('0001_foundation.sql'), ('0023_search_path.sql')");
  await expect(migrate({ connectionString: url })).rejects.toThrow(/before the first release.*an empty database\.$/);
  await client.query("delete from schema_migration where name in ('0001_foundation.sql', '0023_search_path.sql')");
});

it('changes nothing when it runs again, also beside another one', async () => {
  const again = await Promise.all([migrate({ connectionString: url }), migrate({ connectionString: url })]);
  expect(again.map(({ applied }) => applied)).toEqual([[], []]);
});
