import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ensureCluster, postgresEnvironment } from './postgres-cluster.ts';
import { choosePlace, type PostgresPlace } from './postgres-place.ts';
import { takeLock } from './process-lock.mjs';
import {
  endLeftover,
  findFreePorts,
  readLogTail,
  startServerProcess,
  type EndStep,
  type ServerProcess,
} from './server-process.ts';

// Recovery after a kill replays up to max_wal_size (1 GB): seconds on a disk, more on a busy one.
const START_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 2_000;
const POLL_MS = 25;
const RETRY_MS = 200;
const ORPHANS_TIMEOUT_MS = 20_000;
const OWNER = 'waypost';
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
};
// SIGINT rolls back what runs and ends; SIGQUIT leaves the recovery to the next start (postgres docs, "Shutting Down").
const STOP: Record<'fast' | 'immediate' | 'kill', readonly EndStep[]> = {
  fast: [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ],
  immediate: [
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ],
  kill: [['SIGKILL', 5_000]],
};

export interface PostgresServer {
  /** Role `waypost`: owns database `waypost`, may create roles and databases, is no superuser; as in production. */
  readonly url: string;
  /** Superuser `postgres`, for what only an administrator may do. */
  readonly adminUrl: string;
  /** Of the postmaster; changes with `restart`. */
  readonly pid: number;
  stop(): Promise<void>;
  /** Ends the server in that way and starts it again on the same port and data. */
  restart(mode: keyof typeof STOP): Promise<void>;
}

export interface PostgresOptions {
  /** Keeps the data between starts. */
  dataDir: string;
  log: (line: string) => void;
  port?: number;
  /** Server settings on top of ours. */
  settings?: Readonly<Record<string, string>>;
}

/** Starts Postgres on 127.0.0.1 and resolves once it answers and has the role and database of the product. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { dataDir, log } = options;
  const release = await takeLock(join(dataDir, 'owner.lock'), {
    waitMs: 0,
    refusal: (pid) => `The Postgres data in ${dataDir} is in use by process ${pid}.`,
  });
  try {
    const place = await choosePlace(dataDir, log);
    if (await endLeftoverPostgres(dataDir)) log('ended a postgres server that an earlier run left behind');
    const password = await ensureCluster(place);
    const { server, port } = await launchPatiently(place, password, options);
    const url = `postgres://${OWNER}:${password}@127.0.0.1:${port}/${OWNER}`;
    await ensureDatabase(adminUrl(port, password), password);
    log(`postgres ${place.majorVersion} on 127.0.0.1:${port}`);
    return createPostgresServer(
      server,
      async () => (await launchPatiently(place, password, { ...options, port })).server,
      release,
      {
        url,
        adminUrl: adminUrl(port, password),
      },
    );
  } catch (error) {
    release();
    throw error;
  }
}

function createPostgresServer(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  release: () => void,
  urls: { url: string; adminUrl: string },
): PostgresServer {
  let current = first;
  return {
    ...urls,
    get pid() {
      return current.pid;
    },
    async stop() {
      await current.end(STOP.fast);
      release();
    },
    async restart(mode) {
      await current.end(STOP[mode]);
      current = await launch();
    },
  };
}

/** Ends the server on this data that a killed run left behind. */
export function endLeftoverPostgres(dataDir: string): Promise<boolean> {
  return endLeftover(recordFileOf(dataDir), STOP.fast);
}

function recordFileOf(dataDir: string): string {
  return join(dataDir, 'postgres.pid.json');
}

async function launchPatiently(
  place: PostgresPlace,
  password: string,
  options: PostgresOptions,
): Promise<{ server: ServerProcess; port: number }> {
  const deadline = Date.now() + ORPHANS_TIMEOUT_MS;
  while (true) {
    const [freePort = 0] = await findFreePorts(1);
    const port = options.port ?? freePort;
    try {
      return { server: await launchServer(place, port, password, options), port };
    } catch (error) {
      const reason = error instanceof Error ? error.message : '';
      // Between our look and the server's bind somebody else may take the port.
      const isPortTaken = options.port === undefined && reason.includes('Address already in use');
      // The children of a killed server hold its shared memory until they notice, a moment later.
      if (!(isPortTaken || reason.includes('is still in use')) || Date.now() >= deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function launchServer(
  { binDir, clusterDir, account }: PostgresPlace,
  port: number,
  password: string,
  { dataDir, log, settings = {} }: PostgresOptions,
): Promise<ServerProcess> {
  // Only a dead server's: `dataDir` is locked and the leftover ended. Postgres would take a pid that was handed out again
  // for a running server; its shared memory, keyed by the folder's inode, still tells a real one.
  rmSync(join(clusterDir, 'postmaster.pid'), { force: true });
  const logFile = join(dataDir, 'postgres.log');
  const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let isReady = false;
  const server = await startServerProcess({
    command: join(binDir, 'postgres'),
    args: ['-D', clusterDir, '-p', String(port), ...flags],
    cwd: '/',
    env: postgresEnvironment(),
    logFile,
    recordFile: recordFileOf(dataDir),
    account,
    onUnexpectedEnd: (how) => {
      if (isReady) log(`postgres ended by itself (${how}), see ${logFile}`);
    },
  });
  try {
    await waitUntilReady(server, adminUrl(port, password));
    isReady = true;
  } catch (error) {
    await server.end(STOP.immediate);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Postgres did not start: ${reason}\n${readLogTail(logFile)}`);
  }
  return server;
}

function adminUrl(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

async function waitUntilReady(server: ServerProcess, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (true) {
    if (server.hasEnded()) throw new Error('it ended at once');
    try {
      await withClient(url, (client) => client.query('select 1'));
      return;
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}

async function ensureDatabase(url: string, password: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount: roles } = await client.query('select 1 from pg_roles where rolname = $1', [OWNER]);
    if (roles === 0) await client.query(`create role ${OWNER} login createrole createdb password '${password}'`);
    const { rowCount: databases } = await client.query('select 1 from pg_database where datname = $1', [OWNER]);
    if (databases === 0) await client.query(`create database ${OWNER} owner ${OWNER}`);
  });
}

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
