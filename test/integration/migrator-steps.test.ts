import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrate } from '../../src/store/migrator.ts';
import { dropDatabase } from '../support/drop-database.ts';
import { poll } from '../support/poll.ts';
import { runSql } from '../support/product-fixture.ts';

let url: string;
let directory: string;
let clients: pg.Client[];

beforeEach(async () => {
  const database = `waypost_steps_${randomBytes(6).toString('hex')}`;
  await runSql(inject('databaseUrl'), `create database ${database}`);
  url = Object.assign(new URL(inject('databaseUrl')), { pathname: `/${database}` }).href;
  directory = await mkdtemp(join(tmpdir(), 'waypost-migrations-'));
  clients = [];
  await writeMigration('0001_thing.sql', 'create table thing (value integer); insert into thing values (1), (1), (2)');
  await migrateHere();
});
afterEach(async () => {
  for (const client of clients) await client.end();
  await dropDatabase(inject('databaseUrl'), new URL(url).pathname.slice(1));
  await rm(directory, { recursive: true });
});

const writeMigration = (name: string, sql: string) => writeFile(join(directory, name), sql);
const migrateHere = () => migrate({ connectionString: url, folder: pathToFileURL(`${directory}/`) });

async function openClient(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
}

/** A transaction that has read the table: an index that is built beside it waits for its end. */
async function openReader(): Promise<pg.Client> {
  const client = await openClient();
  await client.query('begin isolation level repeatable read');
  await client.query('select * from thing');
  return client;
}

const listBuilds = () =>
  runSql(
    url,
    "select pid from pg_stat_activity where query like 'create%index concurrently%' and datname = current_database()",
  );
const whileIndexIsBuilt = () =>
  poll({ what: 'the index is being built', look: listBuilds, isDone: (found) => found.length > 0, timeoutMs: 10_000 });
const listIndexes = () =>
  runSql(
    url,
    "select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 'thing'::regclass",
  );

describe('a migration without a transaction', () => {
  it('builds an index while the table is read and written', async () => {
    await writeMigration(
      '0002_index.sql',
      '-- no-transaction\n-- Serves nobody.\ncreate index concurrently if not exists thing_by_value on thing (value);\n',
    );
    expect((await migrateHere()).applied).toEqual(['0002_index.sql']);
    expect(await listIndexes()).toEqual([{ name: 'thing_by_value', valid: true }]);
    expect((await migrateHere()).applied).toEqual([]);
  });

  const unique =
    '-- no-transaction\ncreate unique index concurrently if not exists thing_once on thing (value);\ncomment on index thing_once is $$once$$;\n';

  // What a failed build leaves is never used and never completed, and `if not exists` takes it for the index.
  it('is begun anew after it failed: the index that it left half built goes first', async () => {
    await writeMigration('0002_unique.sql', unique);
    await expect(migrateHere()).rejects.toThrow(/^migration 0002_unique\.sql failed: could not create unique index/);
    expect(await listIndexes()).toEqual([{ name: 'thing_once', valid: false }]);
    await runSql(url, 'delete from thing where ctid in (select min(ctid) from thing where value = 1)');
    expect((await migrateHere()).applied).toEqual(['0002_unique.sql']);
    expect(await listIndexes()).toEqual([{ name: 'thing_once', valid: true }]);
  });

  it('is begun anew after its connection was cut', async () => {
    await writeMigration('0002_unique.sql', unique.replace('unique index', 'index'));
    const reader = await openReader();
    const cut = migrateHere().catch((error: unknown) => error);
    const [build] = await whileIndexIsBuilt();
    await runSql(url, `select pg_terminate_backend(${String(build?.['pid'])})`);
    expect(await cut).toBeInstanceOf(Error);
    await reader.query('commit');
    expect(await listIndexes()).toEqual([{ name: 'thing_once', valid: false }]);
    expect((await migrateHere()).applied).toEqual(['0002_unique.sql']);
    expect(await listIndexes()).toEqual([{ name: 'thing_once', valid: true }]);
  });

  // A migrator that waited inside Postgres had a snapshot, for whose end the build waited: a deadlock.
  it('lets other migrators wait for it', async () => {
    await writeMigration('0002_unique.sql', unique.replace('unique index', 'index'));
    const reader = await openReader();
    const all = Promise.all([migrateHere(), migrateHere(), migrateHere()]);
    await whileIndexIsBuilt();
    await reader.query('commit');
    expect((await all).flatMap(({ applied }) => applied)).toEqual(['0002_unique.sql']);
  });
});

describe('a migration that waits for a table', () => {
  // It waited for a minute, and all readers and writers behind it, who give up after ten seconds.
  it('steps aside before others give up, and tries again', async () => {
    await writeMigration('0002_column.sql', 'alter table thing add column name text');
    const reader = await openReader();
    const migrated = migrateHere();
    const other = await openClient();
    await poll({
      what: 'the migration waits',
      look: () => runSql(url, "select 1 from pg_locks where mode = 'AccessExclusiveLock' and not granted"),
      isDone: (found) => found.length > 0,
      timeoutMs: 10_000,
    });
    await other.query("set lock_timeout = '9s'");
    expect((await other.query('select * from thing')).rowCount).toBe(3);
    await reader.query('commit');
    expect((await migrated).applied).toEqual(['0002_column.sql']);
  });
});

describe('an older Waypost beside a newer schema', () => {
  const forget = (...names: string[]) => Promise.all(names.map((name) => rm(join(directory, name))));

  // It did not start again: a restart in the middle of a deploy, or a roll-back, was an outage.
  it('starts where the migrations that it does not know are compatible with it', async () => {
    await writeMigration('0002_known.sql', '-- compatible from 0001\nselect 1');
    await writeMigration(
      '0003_next.sql',
      '-- Adds a column.\n-- compatible from 0002\nalter table thing add name text',
    );
    await migrateHere();
    await forget('0003_next.sql');
    expect(await migrateHere()).toEqual({ applied: [], version: '0002_known.sql' });
  });

  it.each([
    ['says nothing', 'select 1'],
    ['is compatible with a newer one only', '-- compatible from 0002\nselect 1'],
    ['says so below its header', 'select 1;\n-- compatible from 0001\n'],
  ])('does not start where one %s', async (_what, sql) => {
    await writeMigration('0002_between.sql', '-- compatible from 0001\nselect 1');
    await writeMigration('0003_next.sql', sql);
    await migrateHere();
    await forget('0002_between.sql', '0003_next.sql');
    await expect(migrateHere()).rejects.toThrow(/cannot run with \(0003_next\.sql\): use a newer Waypost\.$/);
  });
});
