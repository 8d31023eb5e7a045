import type pg from 'pg';
import type { JobStart } from '../domain/job-start.ts';
import { createDatabaseClock, type DatabaseClock } from './database-clock.ts';
import { isAbortedTransaction, isServerReadOnly, isSessionLost } from './database-faults.ts';
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
  /** Hands a job over once this transaction is committed, and never where it is rolled back. */
  startAfterCommit(start: JobStart): void;
}

export interface Transactions {
  /** Runs `work` in one transaction that sees this tenant's rows only; commits when it returns, rolls back when it throws. */
  withTenant<T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** For the security-definer functions of the schema: no tenant is set, so plain tables show no rows. */
  acrossTenants<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/**
 * `onStarts` gets what each transaction made due, all of it in one call after its commit. It must not throw. Left out = the
 * sweep starts all of it.
 */
export function createTransactions(dependencies: {
  readonly pool: Pool;
  /** Learns the time with each transaction; left out = nobody asks it. */
  readonly databaseClock?: DatabaseClock;
  readonly onStarts?: ((starts: readonly JobStart[]) => void) | undefined;
}): Transactions {
  const { pool, databaseClock = createDatabaseClock(), onStarts = () => undefined } = dependencies;
  const sessions = createSessions(pool, databaseClock);
  return {
    async withTenant(tenantId, work) {
      // The id becomes part of a statement: begin and set cost one round trip together.
      if (!/^ten_[0-9a-z]{26}$/.test(tenantId)) throw new Error('not a tenant id');
      const client = await sessions.take();
      try {
        // Waited for after the work, so that the first statement follows in the same breath. Should it fail, the work
        // sees and writes nothing: without a tenant there are no rows.
        const begun = askTime(client, databaseClock, `begin; select set_config('waypost.tenant', '${tenantId}', true)`);
        begun.catch(() => undefined);
        const starts: JobStart[] = [];
        const result = await runWork(client, starts, work);
        await begun;
        const { command } = await client.query('commit');
        // Postgres answers so, and reports no error, where a statement of the transaction failed and the work went on.
        if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
        sessions.giveBack(client);
        if (starts.length > 0) onStarts(starts);
        return result;
      } catch (error) {
        await rollBack(client, error);
        throw error;
      }
    },
    async acrossTenants(work) {
      const client = await sessions.take();
      try {
        const starts: JobStart[] = [];
        const result = await runWork(client, starts, work);
        sessions.giveBack(client);
        if (starts.length > 0) onStarts(starts);
        return result;
      } catch (error) {
        sessions.giveBack(client, error);
        throw error;
      }
    },
  };

  async function rollBack(client: pg.PoolClient, cause: unknown): Promise<void> {
    // A lost session has nothing to roll back, and one that is silent would not answer.
    if (cause instanceof Error && isSessionLost(cause)) return sessions.giveBack(client, cause);
    try {
      await client.query('rollback');
      sessions.giveBack(client);
    } catch (error) {
      // The connection itself is gone, and the transaction with it: take it out of the pool.
      sessions.giveBack(client, error);
    }
  }
}

/** Runs a statement that ends with a select, and learns the server's time by the way. */
async function askTime(client: pg.PoolClient, clock: DatabaseClock, statement: string): Promise<void> {
  const sentMs = clock.monotonicMs();
  const answer: unknown = await client.query(
    `${statement}, (extract(epoch from clock_timestamp()) * 1000)::double precision as now_ms`,
  );
  // Several statements in one text have several results; the types of the driver know one only.
  const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<{ now_ms: number }>;
  const serverMs = last.rows[0]?.now_ms;
  if (serverMs !== undefined) clock.observe({ serverMs, sentMs, receivedMs: clock.monotonicMs() });
}

/** The pool, without the sessions that are of no use any more. Whoever takes one knows what time it is. */
function createSessions(pool: Pool, clock: DatabaseClock) {
  const open = new Set<pg.PoolClient>();
  const useless = new WeakSet<pg.PoolClient>();
  pool.on('connect', (client) => {
    open.add(client);
    clock.expire();
  });
  pool.on('remove', (client) => open.delete(client));
  return {
    async take(): Promise<pg.PoolClient> {
      for (;;) {
        const client = await pool.connect();
        if (useless.has(client)) {
          client.release(true);
          continue;
        }
        try {
          if (!clock.isFresh()) await askTime(client, clock, 'select 1');
          return client;
        } catch (error) {
          this.giveBack(client, error);
          throw error;
        }
      }
    },
    /** `fault` = what its use ended with; left out = all went well. */
    giveBack(client: pg.PoolClient, fault?: unknown): void {
      const error = fault instanceof Error ? fault : null;
      // After a failover every session to the old primary is read-only, and each would fail somebody's work first.
      if (error !== null && isServerReadOnly(error)) for (const each of open) useless.add(each);
      client.release(fault !== undefined && (error === null || isSessionLost(error)));
    },
  };
}

/** What `work` still asks for when it has ended must not reach the next transaction of the connection. */
async function runWork<T>(client: pg.PoolClient, starts: JobStart[], work: (tx: Tx) => Promise<T>): Promise<T> {
  let isOver = false;
  let firstFault: unknown;
  const ask = async <Row extends pg.QueryResultRow>(statement: Statement): Promise<pg.QueryResult<Row>> => {
    if (isOver) throw new Error('a statement came after the end of its transaction');
    try {
      const result = await client.query<Row>(toConfig(statement));
      // It ran, so the transaction was not aborted, or went back to a savepoint.
      firstFault = undefined;
      return result;
    } catch (error) {
      firstFault ??= error;
      throw error;
    }
  };
  try {
    return await work({
      query: async <Row extends pg.QueryResultRow>(statement: Statement) => (await ask<Row>(statement)).rows,
      execute: async (statement) => (await ask(statement)).rowCount ?? 0,
      startAfterCommit: (start) => void starts.push(start),
    });
  } catch (error) {
    // Of statements sent together, one behind the failed one is told only that the transaction is aborted.
    throw error instanceof Error && isAbortedTransaction(error) ? firstFault : error;
  } finally {
    isOver = true;
  }
}

function toConfig(statement: Statement): pg.QueryConfig {
  return {
    text: statement.text,
    values: [...(statement.values ?? [])],
    ...(statement.name === undefined ? {} : { name: statement.name }),
  };
}
