import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { inject } from 'vitest';
import { migrate } from '../../src/store/migrator.ts';
import { createPool, type Pool } from '../../src/store/pool.ts';
import { createTransactions, type Transactions } from '../../src/store/transactions.ts';
import { dropDatabase } from './drop-database.ts';

export interface TestDatabase {
  /** The owner's, without the runtime role. */
  readonly url: string;
  readonly pool: Pool;
  readonly transactions: Transactions;
  /** Ends the pool and drops the database. */
  close(): Promise<void>;
}

/** Any fixed number: test files that start together make the template once. */
const templateLock = 7_292_767;
const poolSize = 20;

/** A migrated database of its own for one test file, cloned from a template that is made once for these migrations. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('databaseUrl');
  const name = `waypost_test_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    const template = await ensureTemplate(client, serverUrl);
    await client.query(`create database ${name} template ${template}`);
  });
  const url = urlOf(serverUrl, name);
  const pool = createPool({ connectionString: url, size: poolSize, onIdleError: () => undefined });
  return {
    url,
    pool,
    transactions: createTransactions({ pool }),
    async close() {
      await pool.end();
      await dropDatabase(serverUrl, name);
    },
  };
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
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
