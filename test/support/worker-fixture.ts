import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { JobStart } from '../../src/domain/job-start.ts';
import { createIdSource } from '../../src/domain/ids.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import { createDatabaseClock } from '../../src/store/database-clock.ts';
import { createStores, type Stores } from '../../src/store/index.ts';
import { insertTenant } from '../../src/store/tenants.ts';
import type { Transactions, Tx } from '../../src/store/transactions.ts';
import type { ResolveName } from '../../src/upstreams/guarded-http/resolve-host.ts';
import { createCrowdableHttp } from './crowdable-http.ts';
import { createTestDatabase } from './database.ts';

export const publicUrl = 'https://waypost.test';

export interface WorkerFixtureOptions {
  /** Looks up the names of upstreams; it may take its time before a connection can be made. */
  readonly resolveName?: ResolveName;
}

/**
 * What a worker is made of, without Temporal: stores over a database of its own with one tenant, a way to loopback, and a
 * clock. The clock runs with the database's, as in the product, and `skip` sets it forward, so that no test waits for what
 * takes hours. Each kind of job has a fixture on top of it, with its activities and its stand-ins.
 */
export async function openWorkerFixture(options: WorkerFixtureOptions = {}) {
  const database = await createTestDatabase();
  const { http, crowd } = createCrowdableHttp(options);
  let skippedMs = 0;
  const databaseClock = createDatabaseClock();
  const nowMs = () => databaseClock.now().getTime() + skippedMs;
  const clock = () => new Date(nowMs());
  const createId = createIdSource({ nowMs, randomBytes });
  const keyRing = createKeyRing([{ id: 'k1', key: new Uint8Array(32).fill(1) }]);
  const started: JobStart[] = [];
  const woken: JobStart[] = [];
  let onStarts = (_starts: readonly JobStart[]): void => undefined;
  const dispatch = (starts: readonly JobStart[]): void => {
    for (const start of starts) (start.isWake ? woken : started).push(start);
    onStarts(starts);
  };
  const plain = createStores({
    pool: database.pool,
    databaseClock,
    keyRing,
    createId,
    publicUrl,
    links: { uiUrl: 'http://localhost:8233', namespace: 'default' },
    random: () => 0.5,
    onStarts: dispatch,
  });
  let transactionCount = 0;
  const transactions: Transactions = {
    withTenant(tenant, work) {
      transactionCount += 1;
      return plain.transactions.withTenant(tenant, work);
    },
    acrossTenants(work) {
      transactionCount += 1;
      return plain.transactions.acrossTenants(work);
    },
  };
  const stores: Stores = { ...plain, transactions };

  async function addTenant(): Promise<string> {
    const id = createId('tenant');
    const tenant = { id, name: 'A tenant', defaultLanguage: 'en', createdAt: clock() };
    await transactions.withTenant(id, (tx) => insertTenant(tx, tenant));
    return id;
  }
  const tenantId = await addTenant();
  const withTenant = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => transactions.withTenant(tenantId, work);

  return {
    database,
    http,
    /** So many requests from now on find no connection free. */
    crowd,
    stores,
    keyRing,
    createId,
    dispatch,
    /** What commits made due and handed over: to be started, and to be woken or started. */
    started,
    woken,
    /** Hands what is made due to `listener`, too. */
    listen(listener: (starts: readonly JobStart[]) => void): void {
      onStarts = listener;
    },
    tenantId,
    addTenant,
    clock,
    nowMs,
    /** Sets the clock forward. */
    skip: (ms: number): void => {
      skippedMs += ms;
    },
    transactionCount: () => transactionCount,
    withTenant,
    rows: <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
      withTenant((tx) => tx.query<Row>({ text, values })),
    /** Runs SQL as the owner of the tables, outside every tenant. */
    async asOwner(sql: string): Promise<void> {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    },
    async close(): Promise<void> {
      await http.close();
      await database.close();
    },
  };
}
