/** The Temporal server that users deploy, on Postgres. Built from its Go module, as nobody publishes its binaries as a package. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import pg from 'pg';
import type { PostgresServer } from './postgres-server.ts';
import { runProgram } from './run-program.ts';
import { findFreePorts } from './server-process.ts';
import {
  createTemporalServer,
  NAMESPACE,
  runTemporal,
  type TemporalOptions,
  type TemporalServer,
  waitUntilReady,
} from './temporal-server.ts';

/** As in docker-compose.yml, and in the CLI of the dev server. */
export const VERSION = '1.32.0';
const PLUGIN = 'postgres12_pgx';
const PROGRAMS = { server: 'cmd/server', sql: 'cmd/tools/sql' } as const;
const BUILD_TIMEOUT_MS = 3_600_000;
const SCHEMA_TIMEOUT_MS = 120_000;
const REGISTER_TIMEOUT_MS = 60_000;
const POLL_MS = 250;
const RETENTION_SECONDS = 86_400;
const ALREADY_EXISTS = 6;
/** Between 4 and 32 no difference was measured on two cores. */
const SHARDS = 32;
const DATABASES = { temporal: 'temporal', temporal_visibility: 'visibility' } as const;
/**
 * As in deploy/temporal/dynamic-config.yaml; and one partition, as for the dev server: four are made for many hosts.
 */
const DYNAMIC_CONFIG = [
  'system.enableActivityEagerExecution=true',
  'frontend.namespaceRPS.visibility=100',
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** Builds the server at its first use, makes its databases in this Postgres unless they are there, and starts it. */
export async function startTemporalOnPostgres(
  postgres: PostgresServer,
  { cacheDir, dbFile, log, dynamicConfig = [] }: TemporalOptions,
): Promise<TemporalServer> {
  const programs = await buildPrograms(cacheDir, log);
  const home = dbFile === null ? cacheDir : dirname(dbFile);
  mkdirSync(home, { recursive: true });
  await prepareDatabases(programs.sql, postgres.adminUrl);
  const ports = await findFreePorts(9);
  const [port = 0] = ports;
  const configFile = join(home, 'temporal-server.yaml');
  const dynamicConfigFile = join(home, 'temporal-dynamic-config.yaml');
  // JSON is YAML. The password is for this Postgres on 127.0.0.1 only, which this folder keeps as well.
  const config = describeServer({ adminUrl: new URL(postgres.adminUrl), ports, dynamicConfigFile });
  writeFileSync(configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
  writeFileSync(dynamicConfigFile, JSON.stringify(describeDynamicConfig([...DYNAMIC_CONFIG, ...dynamicConfig])));
  const launch = () => launchServer(programs.server, { home, configFile, address: `127.0.0.1:${port}`, log });
  const server = createTemporalServer(await launch(), launch, { port, uiPort: port });
  log(`temporal server ${VERSION} on Postgres, ${server.address}; it has no Web UI`);
  return server;
}

async function buildPrograms(
  cacheDir: string,
  log: (line: string) => void,
): Promise<Record<keyof typeof PROGRAMS, string>> {
  const home = join(cacheDir, 'tools', `temporal-server-${VERSION}`);
  const programs = { server: join(home, 'server'), sql: join(home, 'sql') };
  if (Object.values(programs).every((path) => existsSync(path))) return programs;
  const { exitCode } = await runProgram('go', ['version'], { timeoutMs: 10_000 });
  if (exitCode !== 0) {
    throw new Error(
      'The Temporal server on Postgres is built with Go, which was not found: install it from https://go.dev/dl.',
    );
  }
  log(`building the Temporal server ${VERSION} with Go, once (10 min and 2 GB of Go's caches)…`);
  const aside = `${home}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  const packages = Object.values(PROGRAMS).map((path) => `go.temporal.io/server/${path}@v${VERSION}`);
  // One package at a time and with low priority: what else the machine does comes first.
  const built = await runProgram('nice', ['-n', '10', 'go', 'install', '-p', '1', ...packages], {
    timeoutMs: BUILD_TIMEOUT_MS,
    env: { ...process.env, GOBIN: aside, GOFLAGS: '-buildvcs=false' },
  });
  if (built.exitCode !== 0) {
    await rm(aside, { recursive: true, force: true });
    throw new Error(`The Temporal server could not be built: ${built.stderr.trim().split('\n').slice(-5).join('; ')}`);
  }
  await rename(aside, home).catch(() => rm(aside, { recursive: true, force: true }));
  return programs;
}

/** Both databases with the schema that the tool carries; what is there already is left alone. */
async function prepareDatabases(sqlTool: string, adminUrl: string): Promise<void> {
  const { hostname, port, username, password } = new URL(adminUrl);
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    for (const [database, schema] of Object.entries(DATABASES)) {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
      if (rowCount !== 0) continue;
      await client.query(`create database ${database}`);
      const connection = ['--plugin', PLUGIN, '--ep', hostname, '--port', port, '--user', username, '--db', database];
      for (const step of [
        ['setup-schema', '-v', '0.0'],
        ['update-schema', '--schema-name', `postgresql/v12/${schema}`],
      ]) {
        const { exitCode, stdout, stderr } = await runProgram(sqlTool, [...connection, ...step], {
          timeoutMs: SCHEMA_TIMEOUT_MS,
          env: { ...process.env, SQL_PASSWORD: password },
        });
        if (exitCode !== 0)
          throw new Error(`Temporal's schema could not be made: ${(stderr || stdout).trim().slice(-500)}`);
      }
    }
  } finally {
    await client.end();
  }
}

function describeServer(place: { adminUrl: URL; ports: readonly number[]; dynamicConfigFile: string }): object {
  const { adminUrl, ports, dynamicConfigFile } = place;
  const store = (databaseName: string) => ({
    sql: {
      pluginName: PLUGIN,
      databaseName,
      connectAddr: adminUrl.host,
      connectProtocol: 'tcp',
      user: adminUrl.username,
      password: adminUrl.password,
      maxConns: 20,
      maxIdleConns: 20,
      maxConnLifetime: '1h',
    },
  });
  const services = ['frontend', 'history', 'matching', 'worker'].map((name, index) => {
    const [grpcPort, membershipPort] = ports.slice(index * 2);
    return [name, { rpc: { grpcPort, membershipPort, bindOnIP: '127.0.0.1' } }] as const;
  });
  const address = `127.0.0.1:${ports[0]}`;
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      numHistoryShards: SHARDS,
      defaultStore: 'default',
      visibilityStore: 'visibility',
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(services),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: address },
    dynamicConfigClient: { filepath: dynamicConfigFile, pollInterval: '60s' },
  };
}

/** `KEY=JSON` each, the last of a key counts. */
function describeDynamicConfig(settings: readonly string[]): object {
  return Object.fromEntries(
    settings.map((setting) => {
      const at = setting.indexOf('=');
      const value: unknown = JSON.parse(setting.slice(at + 1));
      return [setting.slice(0, at), [{ value }]];
    }),
  );
}

async function launchServer(
  command: string,
  place: { home: string; configFile: string; address: string; log: (line: string) => void },
) {
  const { home, configFile, address, log } = place;
  const args = ['--config-file', configFile, '--allow-no-auth', 'start'];
  return runTemporal({ command, args, home, name: 'temporal', log }, async (server) => {
    await registerNamespace(address, () => server.hasEnded());
    await waitUntilReady(server, address);
  });
}

/** The dev server brings its namespace along, this one does not. */
async function registerNamespace(address: string, hasEnded: () => boolean): Promise<void> {
  const connection = Connection.lazy({ address });
  const deadlineMs = Date.now() + REGISTER_TIMEOUT_MS;
  try {
    for (;;) {
      if (hasEnded()) throw new Error('it ended at once');
      try {
        await connection.workflowService.registerNamespace({
          namespace: NAMESPACE,
          workflowExecutionRetentionPeriod: proto.google.protobuf.Duration.fromObject({ seconds: RETENTION_SECONDS }),
        });
        return;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === ALREADY_EXISTS) return;
        if (Date.now() > deadlineMs) throw error;
        await sleep(POLL_MS);
      }
    }
  } finally {
    await connection.close();
  }
}
