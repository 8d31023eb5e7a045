import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  endLeftover,
  readLogTail,
  startServerProcess,
  type EndStep,
  type ServerProcess,
} from '../dev/server-process.ts';
import { projectDir } from './processes.ts';

const startTimeoutMs = 60_000;
const pollMs = 50;
// A worker drains for 30 s, and then ends by force within 10 s more.
const stopSteps: readonly EndStep[] = [
  ['SIGTERM', 45_000],
  ['SIGKILL', 5_000],
];

export interface ProductOptions {
  readonly homeDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly apiUrl: string;
  readonly metricsPort: number;
  /** Null: no CPU profiles. */
  readonly profileDir: string | null;
}

export interface Product {
  readonly pids: { readonly api: number; readonly worker: number };
  stop(): Promise<void>;
}

/** Starts the built api and worker as processes of their own, as in production; resolves once both say they are ready. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  mkdirSync(options.homeDir, { recursive: true });
  const started: ServerProcess[] = [];
  const stop = async () => {
    await Promise.all(started.map((each) => each.end(stopSteps)));
  };
  try {
    // One after the other: both would migrate, and a start is no part of what is measured.
    const api = await startOne('api', `${options.apiUrl}/readyz`, options, started);
    const worker = await startOne('worker', `http://127.0.0.1:${options.metricsPort}/readyz`, options, started);
    return { pids: { api, worker }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startOne(
  name: 'api' | 'worker',
  readyUrl: string,
  { homeDir, env, profileDir }: ProductOptions,
  started: ServerProcess[],
): Promise<number> {
  const recordFile = join(homeDir, `${name}.pid.json`);
  const logFile = join(homeDir, `${name}.log`);
  await endLeftover(recordFile, stopSteps);
  const profiling = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileDir, name)}`];
  const child = await startServerProcess({
    command: process.execPath,
    args: [...profiling, join(projectDir, 'dist', `${name}.js`)],
    cwd: projectDir,
    // The port is the worker's: an api that is given one would show its figures there.
    env: name === 'api' ? { ...env, WAYPOST_METRICS_PORT: '' } : env,
    logFile,
    recordFile,
    account: null,
    onUnexpectedEnd: (how) => process.stderr.write(`The ${name} ended by itself (${how}), see ${logFile}\n`),
  });
  started.push(child);
  const deadlineMs = Date.now() + startTimeoutMs;
  while (!child.hasEnded() && Date.now() < deadlineMs) {
    const answer = await fetch(readyUrl).catch(() => null);
    if (answer?.status === 200) return child.pid;
    await sleep(pollMs);
  }
  throw new Error(`The ${name} did not become ready:\n${readLogTail(logFile)}`);
}

interface Place {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly apiPort: number;
  readonly metricsPort: number;
  readonly adminKey: string;
}

/** What sink, floor and product have in common: of the caller's environment only what points at the servers to use. */
export function buildTemporalEnvironment(
  inherited: NodeJS.ProcessEnv,
  temporalAddress: string,
): Record<string, string> {
  const usesGivenTemporal = Boolean(inherited['TEMPORAL_ADDRESS']);
  const isKept = (name: string) =>
    name === 'PATH' || name === 'HOME' || (usesGivenTemporal && name.startsWith('TEMPORAL_'));
  const kept = Object.entries(inherited).flatMap(([name, value]) =>
    value !== undefined && isKept(name) ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(kept), NODE_ENV: 'production', TEMPORAL_ADDRESS: temporalAddress };
}

/** What api and worker are started with: production's settings, and leave to call the sink over plain http on loopback. */
export function buildProductEnvironment(inherited: NodeJS.ProcessEnv, place: Place): Record<string, string> {
  const appUrl = inherited['DATABASE_URL'] ? inherited['DATABASE_APP_URL'] : undefined;
  return {
    ...buildTemporalEnvironment(inherited, place.temporalAddress),
    DATABASE_URL: place.databaseUrl,
    ...(appUrl !== undefined && { DATABASE_APP_URL: appUrl }),
    TEMPORAL_UI_URL: place.temporalUiUrl,
    WAYPOST_HOST: '127.0.0.1',
    WAYPOST_PORT: String(place.apiPort),
    WAYPOST_METRICS_PORT: String(place.metricsPort),
    WAYPOST_ADMIN_KEY: place.adminKey,
    WAYPOST_ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    WAYPOST_ALLOW_HTTP: 'true',
    WAYPOST_ALLOW_NETWORKS: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
  };
}
