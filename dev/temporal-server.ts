import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  endLeftover,
  findFreePorts,
  readLogTail,
  startServerProcess,
  type EndStep,
  type ServerProcess,
} from './server-process.ts';
import { resolveTemporalCli } from './temporal-cli.ts';
import { ensureSearchAttributes, SEARCH_ATTRIBUTES } from './temporal-namespace.ts';

const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const PORT_ATTEMPTS = 3;
const RECORD_SUFFIX = '.pid.json';
export const NAMESPACE = 'default';
const STOP: readonly EndStep[] = [
  ['SIGTERM', 10_000],
  ['SIGKILL', 5_000],
];
const KILL: readonly EndStep[] = [['SIGKILL', 5_000]];

export interface TemporalServer {
  /** `host:port` of the gRPC front end. */
  readonly address: string;
  readonly uiUrl: string;
  /** Of the server process; null when the server is not ours (TEMPORAL_ADDRESS). */
  readonly pid: number | null;
  stop(): Promise<void>;
  /** Ends the server (`kill`: by SIGKILL) and starts it again on the same ports and data; rejects when it is not ours. */
  restart(mode: 'stop' | 'kill'): Promise<void>;
}

export interface TemporalOptions {
  /** Holds the tools, and the server's log when there is no `dbFile`. */
  cacheDir: string;
  /** SQLite file that keeps everything between starts; null: in memory. */
  dbFile: string | null;
  log: (line: string) => void;
  port?: number;
  uiPort?: number;
  /** URL of a remote codec, with which the Web UI shows encrypted payloads; null: none. */
  codecEndpoint?: string | null;
  /** Dynamic configuration of the server, `KEY=JSON` each. */
  dynamicConfig?: readonly string[];
}

/**
 * Starts the Temporal dev server with its Web UI on 127.0.0.1 and resolves once it answers and has the search attributes.
 * With TEMPORAL_ADDRESS set it uses that server instead, and `stop` leaves it alone.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  if (process.env.TEMPORAL_ADDRESS) return useGivenTemporal(options.log);
  const cli = await resolveTemporalCli(options.cacheDir);
  const mustChoosePorts = options.port === undefined || options.uiPort === undefined;
  for (let attempt = 1; ; attempt++) {
    const [freePort = 0, freeUiPort = 0] = await findFreePorts(2);
    const ports = { port: options.port ?? freePort, uiPort: options.uiPort ?? freeUiPort };
    try {
      const launch = () => launchServer(cli.path, ports, options);
      const server = createTemporalServer(await launch(), launch, ports);
      options.log(`temporal ${cli.version} (${cli.from}) on ${server.address}, Web UI ${server.uiUrl}`);
      return server;
    } catch (error) {
      // Between our look and the server's bind somebody else may take a port.
      const isPortTaken = error instanceof Error && error.message.includes('address already in use');
      if (!isPortTaken || !mustChoosePorts || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

export function createTemporalServer(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  { port, uiPort }: { port: number; uiPort: number },
): TemporalServer {
  let current = first;
  return {
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    get pid() {
      return current.pid;
    },
    stop: () => current.end(STOP),
    async restart(mode) {
      await current.end(mode === 'kill' ? KILL : STOP);
      current = await launch();
    },
  };
}

/**
 * Four partitions are made for many hosts. On one, a task may wait in a partition that nobody polls just then: an empty
 * workflow's p95 with 50 in flight was 3.1 s with four and 1.9 s with one.
 */
const ONE_PARTITION = ['matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];

/** Tenants take turns in a task queue: the product's workflows carry their tenant as fairness key. */
const FAIRNESS = 'matching.enableFairness=true';

async function launchServer(
  cliPath: string,
  { port, uiPort }: { port: number; uiPort: number },
  { cacheDir, dbFile, log, codecEndpoint = null, dynamicConfig = [] }: TemporalOptions,
): Promise<ServerProcess> {
  const home = dbFile === null ? cacheDir : dirname(dbFile);
  mkdirSync(home, { recursive: true });
  // Without a file several servers may share the folder: each has its own record.
  const name = dbFile === null ? `temporal-${port}` : 'temporal';
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  args.push('--ui-disable-news-fetch', '--log-level', 'warn');
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) args.push('--search-attribute', `${name}=${type}`);
  for (const setting of [...ONE_PARTITION, FAIRNESS, ...dynamicConfig]) args.push('--dynamic-config-value', setting);
  if (codecEndpoint !== null) args.push('--ui-codec-endpoint', codecEndpoint);
  if (dbFile !== null) args.push('--db-filename', dbFile);
  // Durable enough for development: WAL with NORMAL survives a killed process, though not always a power cut.
  args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL');
  return runTemporal({ command: cliPath, args, home, name, log }, (server) =>
    waitUntilReady(server, `127.0.0.1:${port}`),
  );
}

/**
 * Starts a Temporal server, whose log and record are named so and lie in `home`, and returns it once `whenReady` has; one that
 * does not get there is ended, and its last words are in the error. One that an earlier run left behind is ended first.
 */
export async function runTemporal(
  place: { command: string; args: readonly string[]; home: string; name: string; log: (line: string) => void },
  whenReady: (server: ServerProcess) => Promise<void>,
): Promise<ServerProcess> {
  const { command, args, home, name, log } = place;
  const recordFile = join(home, `${name}${RECORD_SUFFIX}`);
  const logFile = join(home, `${name}.log`);
  if (await endLeftover(recordFile, STOP)) log('ended a temporal server that an earlier run left behind');
  let isReady = false;
  const server = await startServerProcess({
    command,
    args,
    cwd: home,
    env: serverEnvironment(home),
    logFile,
    recordFile,
    account: null,
    onUnexpectedEnd: (how) => {
      if (isReady) log(`temporal ended by itself (${how}), see ${logFile}`);
    },
  });
  try {
    await whenReady(server);
    isReady = true;
  } catch (error) {
    await server.end(KILL);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The Temporal server did not start: ${reason}\n${readLogTail(logFile)}`);
  }
  return server;
}

/** Ends the server on this file that a killed run left behind. */
export function endLeftoverTemporal(dbFile: string): Promise<boolean> {
  return endLeftover(join(dirname(dbFile), `temporal${RECORD_SUFFIX}`), STOP);
}

/** Nothing of the user's TEMPORAL_* settings, which are meant for clients; the server insists on some HOME and USER. */
function serverEnvironment(home: string): NodeJS.ProcessEnv {
  const { PATH = '/usr/bin:/bin', HOME, USER, TMPDIR } = process.env;
  return { PATH, HOME: HOME || home, USER: USER || 'waypost', ...(TMPDIR && { TMPDIR }) };
}

/** Waits until the server answers for the namespace, and gives it the search attributes; rejects after a minute. */
export async function waitUntilReady(server: ServerProcess, address: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const connection = Connection.lazy({ address });
  try {
    while (true) {
      if (server.hasEnded()) throw new Error('it ended at once');
      try {
        await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => {
          await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
          await ensureSearchAttributes(connection, NAMESPACE);
        });
        return;
      } catch (error) {
        if (Date.now() >= deadline) throw error;
        await sleep(POLL_MS);
      }
    }
  } finally {
    await connection.close();
  }
}

async function useGivenTemporal(log: (line: string) => void): Promise<TemporalServer> {
  const { namespace = NAMESPACE, connectionOptions } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  const connection = await connectOrExplain(connectionOptions, address);
  try {
    await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => ensureSearchAttributes(connection, namespace));
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
  } finally {
    await connection.close();
  }
  log(`using the Temporal server of TEMPORAL_ADDRESS, ${address}, namespace ${namespace}`);
  return {
    address,
    uiUrl: process.env.TEMPORAL_UI_URL ?? 'http://localhost:8233',
    pid: null,
    stop: async () => {},
    restart: () => Promise.reject(new Error('The Temporal server of TEMPORAL_ADDRESS is not ours to restart.')),
  };
}

async function connectOrExplain(options: ConnectionOptions, address: string): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: CALL_TIMEOUT_MS });
  } catch (error) {
    throw new Error(`No Temporal server answers at ${address} (TEMPORAL_ADDRESS).`, { cause: error });
  }
}
