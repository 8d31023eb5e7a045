import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from './poll.ts';

const projectDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// Under the load of a whole test run on two cores; alone it takes a second.
const startTimeoutMs = 40_000;
// A worker drains for 30 s, and then ends by force within 10 s more.
const endTimeoutMs = 45_000;
const recentProcesses = 4;
const recentChars = 3_000;

export type Door = 'api' | 'worker' | 'migrate' | 'rotate-keys';
export type Environment = Readonly<Record<string, string>>;

export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProductProcess {
  readonly pid: number;
  /** Everything it has written so far, to stdout and stderr. */
  output(): string;
  isRunning(): boolean;
  readonly ended: Promise<ProcessEnd>;
  /** SIGKILL: it ends in the middle of what it does. */
  kill(): Promise<ProcessEnd>;
  /** SIGTERM: it drains, and resolves with how it ended. */
  stop(): Promise<ProcessEnd>;
}

const running = new Set<ChildProcess>();
/** What was started last, with what it writes. */
const recent: { readonly title: string; readonly output: () => string }[] = [];
const endAll = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', endAll);
// So Vitest ends a process that has no more files to run; "exit" is not told then.
process.once('SIGTERM', () => {
  endAll();
  process.kill(process.pid, 'SIGKILL');
});

/**
 * Starts `node dist/<door>.js` of a built checkout with this environment and little else: nothing of the test run's own
 * settings counts.
 */
export function startProcess(door: Door, environment: Environment, checkout = projectDir): ProductProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', join(checkout, 'dist', `${door}.js`)], {
    cwd: checkout,
    env: { PATH, HOME, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
  running.add(child);
  const output = () => written.stdout + written.stderr;
  recent.push({ title: `${door} ${child.pid}`, output });
  if (recent.length > recentProcesses) recent.shift();
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, ...written });
    });
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return within(endTimeoutMs, ended, `the ${door} did not end after ${signal}`);
  };
  return {
    pid: child.pid ?? 0,
    output,
    isRunning: () => running.has(child),
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** A test that polls fills an api's log with calls that went well. */
const isTelling = (line: string): boolean => !/"method":"GET".*"status":2/.test(line);

/** The last words of the processes that were started last. */
export function recentOutput(): string {
  const tell = (output: string) => output.split('\n').filter(isTelling).join('\n').slice(-recentChars);
  return recent.map(({ title, output }) => `--- ${title} ---\n${tell(output())}`).join('\n');
}

/** Waits until the URL answers 200; rejects with the last words of a process that ended instead. */
export async function waitUntilUp(each: ProductProcess, url: string): Promise<void> {
  let hasEnded = false;
  void each.ended.then(() => (hasEnded = true));
  await poll({
    what: `${url} answers 200`,
    async look() {
      const answer = await fetch(url).catch(() => null);
      return { status: answer?.status ?? null, hasEnded };
    },
    isDone: (seen) => seen.status === 200 || seen.hasEnded,
    timeoutMs: startTimeoutMs,
  });
  if (hasEnded) throw new Error(`The process ended at its start: ${each.output()}`);
}

/** Runs a process that is expected to end by itself. */
export async function runProcess(door: Door, environment: Environment): Promise<ProcessEnd> {
  const each = startProcess(door, environment);
  try {
    return await within(startTimeoutMs, each.ended, `the ${door} did not end by itself: ${each.output()}`);
  } finally {
    await each.kill();
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
