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
import { projectDir } from './bench-process.ts';

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
