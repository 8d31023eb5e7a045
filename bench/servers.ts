import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../dev/run-program.ts';
import { findFreePorts } from '../dev/server-process.ts';
import { type Stack, startStack } from '../dev/stack.ts';
import { startTemporalOnPostgres } from '../dev/temporal-on-postgres.ts';
import type { BenchArguments } from './arguments.ts';
import { type BenchDatabase, openBenchDatabase } from './database.ts';
import { type Histories, openHistories } from './histories.ts';
import type { Watched } from './process-usage.ts';
import { compileBenchProcesses, projectDir } from './processes.ts';
import { buildProductEnvironment, buildTemporalEnvironment, startProduct } from './product.ts';
import type { BenchContext } from './scenario.ts';

const homeDir = join(projectDir, '.cache', 'bench-product');
export const profileDir = join(projectDir, '.cache', 'bench-profiles');

export interface BenchServers {
  readonly stack: Stack;
  /** For processes of the bench that talk to Temporal themselves. */
  readonly environment: Readonly<Record<string, string>>;
  readonly database: BenchDatabase;
  readonly histories: Histories;
  readonly pids: Watched;
}

/** Postgres and Temporal with empty data, and views into both; the bench's own processes are compiled. */
export async function openServers({ args, closing, log }: BenchContext): Promise<BenchServers> {
  compileBenchProcesses();
  if (args.isProfiled) rmSync(profileDir, { recursive: true, force: true });
  const stack = await closing.open(
    startStack({
      name: 'bench',
      fresh: true,
      log,
      temporal: { dynamicConfig: args.serverSettings },
      // The product, two peers and Temporal's own pools together.
      postgres: { settings: { max_connections: '400' } },
      ...(args.server === 'postgres' && { startTemporal: startTemporalOnPostgres }),
    }),
  );
  const environment = buildTemporalEnvironment(process.env, stack.temporalAddress);
  const database = await closing.open(openBenchDatabase(stack.databaseUrl));
  const histories = await closing.open(openHistories(environment));
  const pids = { postgres: stack.postgres?.pid ?? null, temporal: stack.temporal.pid };
  return { stack, environment, database, histories, pids };
}

export interface RunningProduct {
  readonly apiUrl: string;
  readonly adminKey: string;
  /** What its processes were started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly pids: { readonly api: number; readonly worker: number };
  stop(): Promise<void>;
}

/** One api and one worker as built, on these servers. Open what they call before: what is opened last is stopped first. */
export async function openProduct({ args, closing }: BenchContext, { stack }: BenchServers): Promise<RunningProduct> {
  const [apiPort = 0, metricsPort = 0] = await findFreePorts(2);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const adminKey = `wp_admin_${randomBytes(24).toString('base64url')}`;
  const env = {
    ...buildProductEnvironment(process.env, { ...stack, apiPort, metricsPort, adminKey }),
    ...args.productSettings,
  };
  const product = await closing.open(
    startProduct({ homeDir, env, apiUrl, metricsPort, profileDir: args.isProfiled ? profileDir : null }),
  );
  return { apiUrl, adminKey, env, pids: product.pids, stop: () => product.stop() };
}

export interface MeasuredOn extends Machine {
  readonly temporalServer: string;
  readonly postgres: string;
}

export async function describeServers(
  { args }: BenchContext,
  { stack, histories, database }: BenchServers,
): Promise<MeasuredOn> {
  const kind =
    stack.temporal.pid === null ? 'given' : args.server === 'dev' ? 'dev server, SQLite file' : 'on Postgres';
  const settings = args.serverSettings.map((each) => `, ${each}`).join('');
  return {
    ...(await describeMachine()),
    temporalServer: `${histories.serverVersion} (${kind}${settings})`,
    postgres: await database.describe(),
  };
}

/** The first lines of every report: a figure says nothing without what it was measured on, and how. */
export function introduce(machine: MeasuredOn, args: BenchArguments): string[] {
  const settings = Object.entries(args.productSettings).map(([name, value]) => `, ${name}=${value}`);
  return [
    `${machine.measuredAt.slice(0, 10)}, Waypost ${machine.waypost}, one api and one worker, LOG_LEVEL=warn${settings.join('')};`,
    `${machine.cores} cores ${machine.processor}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node};`,
    `Temporal ${machine.temporalServer}, SDK ${machine.temporalSdk}; Postgres ${machine.postgres};`,
    `${args.rounds} ${args.rounds === 1 ? 'round' : 'rounds'}, windows of ${args.seconds} s, scale ${args.scale}. Medians of the rounds, with their range.`,
    '',
  ];
}

const gitTimeoutMs = 5_000;

export interface Machine {
  readonly measuredAt: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly temporalSdk: string;
  readonly waypost: string;
}

/** Asked once: what a run writes into the documentation makes the tree dirty for the next one. */
let commit: Promise<string> | null = null;

async function describeCommit(): Promise<string> {
  const options = { timeoutMs: gitTimeoutMs, cwd: projectDir };
  const { exitCode, stdout } = await runProgram('git', ['describe', '--always', '--dirty'], options);
  return exitCode === 0 ? stdout.trim() : 'unknown';
}

async function describeMachine(): Promise<Machine> {
  const text = readFileSync(join(projectDir, 'package.json'), 'utf8');
  const { version, dependencies } = JSON.parse(text) as { version: string; dependencies: Record<string, string> }; // cast: npm's shape
  return {
    measuredAt: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    temporalSdk: dependencies['@temporalio/worker'] ?? 'unknown',
    waypost: `${version} (${await (commit ??= describeCommit())})`,
  };
}
