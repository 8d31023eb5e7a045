import pg from 'pg';

export type Pool = pg.Pool;

/** The role that every runtime connection takes: it owns nothing and is subject to row level security. */
export const runtimeRole = 'waypost_app';

/**
 * The server's own bounds, in milliseconds: no statement, wait for a lock or idle transaction of ours is longer. A process
 * that was stopped in the middle of a transaction holds its locks until that is idle for too long: no longer than one try for a
 * lock waits, and less than `retryDuringOutage` goes on.
 */
const timeoutsMs = {
  statement_timeout: 20_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 10_000,
} as const;
const timeoutNames = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const;

/**
 * Longer than the server lets any statement run, so it speaks only of servers that are silent: behind a network that is cut,
 * a connection would hang until TCP gives it up, which takes a quarter of an hour.
 */
const silenceMs = 25_000;
const connectTimeoutMs = 5_000;

/** Why this process must not run on this database, in one sentence that names the remedy. No later try changes it. */
export class UnsafeConnectionError extends Error {}

/**
 * Connections of the runtime role. `onIdleError` hears of connections that broke while nobody used them (a restart of the
 * database); the pool replaces them by itself. A connection with another role, or without the time-outs, is never handed
 * out: whoever asked for it gets an `UnsafeConnectionError`.
 */
export function createPool(options: {
  readonly connectionString: string;
  readonly size: number;
  /** How long a statement waits for its answer; absent = 25 s. */
  readonly silenceMs?: number;
  readonly onIdleError: (error: Error) => void;
}): Pool {
  const url = readDatabaseUrl(options.connectionString);
  const pool = new pg.Pool({
    connectionString: url.connectionString,
    max: options.size,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: options.silenceMs ?? silenceMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // Statements that are not waited for go out at once, one behind the other.
    pipeline: true,
    // As start-up options they hold from the first statement on; a `set role` after connecting could be forgotten. Of two
    // settings of the same name the last holds.
    options: [
      url.options,
      `-c role=${runtimeRole}`,
      ...timeoutNames.map((name) => `-c ${name}=${timeoutsMs[name]}`),
    ].join(' '),
    verify(client, handOut) {
      checkConnection(client).then(() => {
        handOut();
      }, handOut);
    },
  });
  pool.on('error', options.onIdleError);
  // While a connection is in use the pool does not listen, and an 'error' that nobody hears ends the process. Its user
  // learns of the loss by the statement that fails.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

/**
 * A URL without its `options`, which are given back as they are. In the driver, what a URL says replaces what the program
 * says: without this, an `options` that a host asks for (Neon's `endpoint=…`) would take away the role and the time-outs.
 * Throws where the URL sets a time-out of its own.
 */
export function readDatabaseUrl(url: string): { readonly connectionString: string; readonly options: string } {
  const [address = '', query = ''] = url.split(/\?(.*)/s, 2);
  const parameters = new URLSearchParams(query);
  const refused = [...timeoutNames, 'query_timeout'].find((name) => parameters.has(name));
  if (refused !== undefined) {
    throw new UnsafeConnectionError(`The database URL sets ${refused}, which Waypost sets itself: take it out.`);
  }
  const given = parameters.getAll('options').join(' ');
  parameters.delete('options');
  return { connectionString: parameters.size === 0 ? address : `${address}?${parameters.toString()}`, options: given };
}

/**
 * Throws an `UnsafeConnectionError` where this database cannot be used safely. That Postgres is away is no reason: it may
 * come back, and each connection is looked at when it is made.
 */
export async function requireSafeConnections(pool: Pool): Promise<void> {
  // Two, one after the other: a pooler may give both the same connection to Postgres, and shows by this what it can.
  for (let round = 0; round < 2; round += 1) {
    const client = await connectOrExplain(pool);
    if (client === null) return;
    // Taken out of the pool: the next one is new.
    client.release(true);
  }
}

async function connectOrExplain(pool: Pool): Promise<pg.PoolClient | null> {
  try {
    return await pool.connect();
  } catch (error) {
    if (error instanceof UnsafeConnectionError) throw error;
    if (error instanceof Error && /unsupported startup parameter/.test(error.message)) {
      throw new UnsafeConnectionError(
        `A pooler in front of Postgres refuses start-up options (${error.message}): ${poolerRemedy}`,
        { cause: error },
      );
    }
    return null;
  }
}

const poolerRemedy = `connect to Postgres itself, or set PgBouncer up as docs/operations.md says.`;

/** Time-outs are milliseconds; 0 = none. */
interface InForce extends Record<(typeof timeoutNames)[number], number> {
  readonly role: string;
  /** It is a superuser, or has BYPASSRLS. */
  readonly bypasses: boolean;
  /** It owns our tables, or is a member of the role that does. */
  readonly owns: boolean;
}

/** What holds on a new connection, as Postgres itself says: whatever stands between may have dropped what we asked for. */
async function checkConnection(client: pg.ClientBase): Promise<void> {
  const danger = findDanger(await askWhatHolds(client));
  if (danger !== null) throw new UnsafeConnectionError(danger);
}

/** Why nothing may run with these settings, in one sentence that names the remedy; null = it may. */
export function findDanger(inForce: InForce): string | null {
  if (inForce.role !== runtimeRole) {
    return `Postgres runs this connection as ${inForce.role} and not as ${runtimeRole}, for something in between drops start-up options: ${poolerRemedy}`;
  }
  if (inForce.bypasses) {
    return `Row level security, which keeps tenants apart, does not hold for ${runtimeRole}: run "alter role ${runtimeRole} nosuperuser nobypassrls".`;
  }
  if (inForce.owns) {
    return `${runtimeRole} owns Waypost's tables or is a member of their owner: give them to another role, which DATABASE_URL names, and revoke that one from ${runtimeRole}.`;
  }
  for (const name of timeoutNames) {
    const bound = timeoutsMs[name];
    if (inForce[name] > 0 && inForce[name] <= bound) continue;
    return `Postgres has ${name} at ${inForce[name]} ms and not between 1 and ${bound}, for something in between drops start-up options: ${poolerRemedy}`;
  }
  return null;
}

/** `current_setting` says "20s"; the view `pg_settings`, which says 20000, makes all of its 400 rows for one. */
const askMs = (name: string): string =>
  `(extract(epoch from current_setting('${name}')::interval) * 1000)::integer as ${name}`;

/** Prepared by name, as the statements of the hot path are: a pooler that cannot carry those fails here. */
const question: pg.QueryConfig & { readonly query_timeout: number } = {
  name: 'check-connection',
  text: `select current_user::text as role, rolsuper or rolbypassrls as bypasses,
      exists (select 1 from pg_policy p join pg_class c on c.oid = p.polrelid
        where p.polname = 'tenant_rows' and pg_has_role(current_user, c.relowner, 'member')) as owns,
      ${timeoutNames.map(askMs).join(', ')}
    from pg_roles where rolname = current_user`,
  // Callers wait for a connection no longer than this.
  query_timeout: connectTimeoutMs,
};

async function askWhatHolds(client: pg.ClientBase): Promise<InForce> {
  try {
    const { rows } = await client.query<InForce>(question);
    if (rows[0] === undefined) throw new Error('pg_roles does not show current_user');
    return rows[0];
  } catch (error) {
    // duplicate_prepared_statement, invalid_sql_statement_name
    if (error instanceof pg.DatabaseError && (error.code === '42P05' || error.code === '26000')) {
      throw new UnsafeConnectionError(
        `A pooler in front of Postgres does not carry prepared statements (PgBouncer does from 1.21, with max_prepared_statements): ${poolerRemedy}`,
        { cause: error },
      );
    }
    throw error;
  }
}
