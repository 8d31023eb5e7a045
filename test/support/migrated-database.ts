import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { migrate } from '../../src/store/migrator.ts';
import { dropDatabase } from './drop-database.ts';

/** Any fixed number: test files that start together make the template once. */
const templateLock = 7_292_767;

/**
 * Makes a migrated database and returns its URL, as the owner. It is cloned from a template that is made once for these
 * migrations, file by file: through the write-ahead log it costs four times the CPU.
 */
export async function createMigratedDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    const template = await ensureTemplate(client, serverUrl);
    await client.query(`create database ${name} template ${template} strategy file_copy`);
  } finally {
    await client.end();
  }
  return urlOf(serverUrl, name);
}

async function ensureTemplate(client: pg.Client, serverUrl: string): Promise<string> {
  const name = `waypost_template_${hashMigrations()}`;
  const found = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (found.rowCount === 0) {
    // Under another name until it is whole: a run that was killed in between leaves no half template.
    const draft = `${name}_draft`;
    await dropDatabase(serverUrl, draft);
    await client.query(`create database ${draft}`);
    await migrate({ connectionString: urlOf(serverUrl, draft) });
    await client.query(`alter database ${draft} rename to ${name}`);
  }
  return name;
}

function hashMigrations(): string {
  const folder = new URL('../../src/store/migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).toSorted()) hash.update(file).update(readFileSync(new URL(file, folder)));
  return hash.digest('hex').slice(0, 12);
}

function urlOf(serverUrl: string, database: string): string {
  return Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href;
}
