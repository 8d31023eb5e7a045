import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePorts } from '../dev/server-process.ts';
import { type Stack, startStack } from '../dev/stack.ts';
import { compileBenchProcesses, projectDir } from './bench-process.ts';
import { type BenchDatabase, openBenchDatabase } from './database.ts';
import { buildProductEnvironment, buildTemporalEnvironment } from './environment.ts';
import { type Histories, openHistories } from './histories.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Watched } from './process-usage.ts';
import { startProduct } from './product.ts';
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
  const temporal = { dynamicConfig: args.serverSettings };
  const stack = await closing.open(startStack({ name: 'bench', fresh: true, log, temporal }));
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
  const env = buildProductEnvironment(process.env, { ...stack, apiPort, metricsPort, adminKey });
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
  const kind = stack.temporal.pid === null ? ' (given)' : ' (dev server, SQLite file)';
  const settings = args.serverSettings.map((each) => `, ${each}`).join('');
  return {
    ...(await describeMachine()),
    temporalServer: `${histories.serverVersion}${kind}${settings}`,
    postgres: await database.describe(),
  };
}

/** The first lines of every report: a figure says nothing without what it was measured on. */
export function introduce(machine: MeasuredOn): string[] {
  return [
    `${machine.cores} cores ${machine.processor}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}`,
    `Temporal ${machine.temporalServer}, SDK ${machine.temporalSdk}; Postgres ${machine.postgres}; Waypost ${machine.waypost}`,
  ];
}
