import pg from 'pg';

export type Pool = pg.Pool;

/** The role that every runtime connection takes: it owns nothing and is subject to row level security. */
export const runtimeRole = 'waypost_app';

/**
 * Longer than the server lets any statement run, so it speaks only of servers that are silent: behind a network that is cut,
 * a connection would hang until TCP gives it up, which takes a quarter of an hour.
 */
const silenceMs = 25_000;

/**
 * Connections of the runtime role. `onIdleError` hears of connections that broke while nobody used them (a restart of the
 * database); the pool replaces them by itself.
 */
export function createPool(options: {
  readonly connectionString: string;
  readonly size: number;
  /** How long a statement waits for its answer; absent = 25 s. */
  readonly silenceMs?: number;
  readonly onIdleError: (error: Error) => void;
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.size,
    connectionTimeoutMillis: 5_000,
    query_timeout: options.silenceMs ?? silenceMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // Statements that are not waited for go out at once, one behind the other.
    pipeline: true,
    // As start-up options they hold from the first statement on; a `set role` after connecting could be forgotten.
    options: [
      `-c role=${runtimeRole}`,
      '-c statement_timeout=20000',
      '-c lock_timeout=10000',
      '-c idle_in_transaction_session_timeout=30000',
    ].join(' '),
  });
  pool.on('error', options.onIdleError);
  // While a connection is in use the pool does not listen, and an 'error' that nobody hears ends the process. Its user
  // learns of the loss by the statement that fails.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}
