import type pg from 'pg';
import type { Pool } from './pool.ts';

/** One statement. A `name` makes it a prepared one: for the statements of the hot path. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** A transaction of one tenant, or a call of a named cross-tenant function. */
export interface Tx {
  query<Row extends pg.QueryResultRow>(statement: Statement): Promise<Row[]>;
  /** Like `query`, for statements whose count of touched rows is the answer. */
  execute(statement: Statement): Promise<number>;
  /** Runs `work` once this transaction is committed, and never where it is rolled back. It must not throw. */
  afterCommit(work: () => void): void;
}

export interface Transactions {
  /** Runs `work` in one transaction that sees this tenant's rows only; commits when it returns, rolls back when it throws. */
  withTenant<T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** For the security-definer functions of the schema: no tenant is set, so plain tables show no rows. */
  acrossTenants<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

export function createTransactions({ pool }: { readonly pool: Pool }): Transactions {
  return {
    async withTenant(tenantId, work) {
      // The id becomes part of a statement: begin and set cost one round trip together.
      if (!/^ten_[0-9a-z]{26}$/.test(tenantId)) throw new Error('not a tenant id');
      const client = await pool.connect();
      try {
        // Waited for after the work, so that the first statement follows in the same breath. Should it fail, the work
        // sees and writes nothing: without a tenant there are no rows.
        const begun = client.query(`begin; select set_config('waypost.tenant', '${tenantId}', true)`);
        begun.catch(() => undefined);
        const afterwards: (() => void)[] = [];
        const result = await work(createTx(client, afterwards));
        await begun;
        await client.query('commit');
        client.release();
        for (const each of afterwards) each();
        return result;
      } catch (error) {
        await rollBack(client);
        throw error;
      }
    },
    async acrossTenants(work) {
      const client = await pool.connect();
      try {
        const afterwards: (() => void)[] = [];
        const result = await work(createTx(client, afterwards));
        client.release();
        for (const each of afterwards) each();
        return result;
      } catch (error) {
        client.release(error instanceof Error ? isConnectionFault(error) : true);
        throw error;
      }
    },
  };
}

async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('rollback');
    client.release();
  } catch {
    // The connection itself is gone, and the transaction with it: take it out of the pool.
    client.release(true);
  }
}

function createTx(client: pg.PoolClient, afterwards: (() => void)[]): Tx {
  return {
    async query<Row extends pg.QueryResultRow>(statement: Statement) {
      return (await client.query<Row>(toConfig(statement))).rows;
    },
    async execute(statement) {
      return (await client.query(toConfig(statement))).rowCount ?? 0;
    },
    afterCommit(work) {
      afterwards.push(work);
    },
  };
}

function toConfig(statement: Statement): pg.QueryConfig {
  return {
    text: statement.text,
    values: [...(statement.values ?? [])],
    ...(statement.name === undefined ? {} : { name: statement.name }),
  };
}

/** Whether the database was away or refused to go on, as against a statement that is wrong. SQLSTATE classes 08, 53, 57, 40. */
export function isConnectionFault(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(08|53|57|40)/.test(code)) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)) return true;
  return /connection terminated|timeout exceeded when trying to connect|connection error|query read timeout/i.test(
    error.message,
  );
}
