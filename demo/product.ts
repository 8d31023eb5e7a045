import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endLeftover, startServerProcess, type EndStep, type ServerProcess } from '../dev/server-process.ts';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const startTimeoutMs = 60_000;
const callTimeoutMs = 5_000;
const pollMs = 50;
const maxReasonChars = 500;
// A worker drains for 30 s, and then ends by force within 10 s more.
const stopSteps: readonly EndStep[] = [
  ['SIGTERM', 45_000],
  ['SIGKILL', 5_000],
];

const killSteps: readonly EndStep[] = [['SIGKILL', 5_000]];

const processNames = ['api', 'worker'] as const;
type ProcessName = (typeof processNames)[number];

export interface ProductOptions {
  readonly logDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly apiUrl: string;
  readonly metricsPort: number;
}

export interface Product {
  /** Resolves once api and worker say that they are ready. */
  readonly ready: Promise<void>;
  /** Rejects when one of them ends by itself, with its last words; never resolves. */
  readonly broken: Promise<never>;
  readonly logFiles: readonly string[];
  /** Kills the worker in the middle of what it does, and resolves once another one is ready. */
  replaceWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the built api and worker as processes of their own, as in production. */
export function startProduct({ logDir, env, apiUrl, metricsPort }: ProductOptions): Product {
  const { promise: broken, reject: reportBroken } = makeRejection();
  const started = new Map<ProcessName, ServerProcess>();
  let isStopping = false;

  async function start(name: ProcessName, readyUrl: string): Promise<void> {
    const logFile = logFileOf(logDir, name);
    const child = await startServerProcess({
      command: process.execPath,
      args: ['--enable-source-maps', join(projectDir, 'dist', `${name}.js`)],
      cwd: projectDir,
      // The port is the worker's: an api that is given one would show its figures there.
      env: name === 'api' ? { ...env, WAYPOST_METRICS_PORT: '' } : env,
      logFile,
      recordFile: recordFileOf(logDir, name),
      account: null,
      onUnexpectedEnd: (how) =>
        reportBroken(new Error(`The ${name} ended by itself (${how}): ${lastWords(name, logFile)}`)),
    });
    started.set(name, child);
    await waitUntilReady(name, readyUrl, () => isStopping || child.hasEnded());
    // It never will be ready: whoever waits for that gets the reason.
    if (child.hasEnded()) await broken;
    if (isStopping) throw new Error(`The ${name} was stopped before it was ready.`);
  }

  const startWorker = () => start('worker', `http://127.0.0.1:${metricsPort}/readyz`);
  let starting: Promise<readonly PromiseSettledResult<void>[]> = Promise.allSettled([
    start('api', `${apiUrl}/readyz`),
    startWorker(),
  ]);
  const ready = starting.then((starts) => {
    for (const each of starts) if (each.status === 'rejected') throw each.reason;
  });
  // Nobody waits for it when the demo is interrupted right now.
  ready.catch(() => {});
  return {
    ready,
    broken,
    logFiles: processNames.map((name) => logFileOf(logDir, name)),
    async replaceWorker() {
      await started.get('worker')?.end(killSteps);
      if (isStopping) return;
      const next = startWorker();
      starting = Promise.allSettled([next]);
      await next;
    },
    async stop() {
      isStopping = true;
      await starting;
      await Promise.all([...started.values()].map((child) => child.end(stopSteps)));
    },
  };
}

/** Ends what a killed run left behind. */
export async function endLeftoverProduct(logDir: string): Promise<void> {
  await Promise.all(processNames.map((name) => endLeftover(recordFileOf(logDir, name), stopSteps)));
}

function recordFileOf(logDir: string, name: ProcessName): string {
  return join(logDir, `${name}.pid.json`);
}

function makeRejection() {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  // Whoever races against it handles it; nobody may be there yet.
  promise.catch(() => {});
  return { promise, reject };
}

async function waitUntilReady(name: string, url: string, isOver: () => boolean): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (!isOver()) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(callTimeoutMs) }).catch(() => null);
    if (answer?.status === 200) return;
    if (Date.now() >= deadline) {
      const word = answer === null ? 'nothing' : `${answer.status} ${await answer.text()}`;
      throw new Error(`The ${name} was not ready within ${startTimeoutMs / 1_000} s; ${url} answered ${word}`);
    }
    await sleep(pollMs);
  }
}

function logFileOf(logDir: string, name: ProcessName): string {
  return join(logDir, `${name}.log`);
}

/** The last line of the log, which for a refusal to start is its one sentence; of a crash, the line with the error. */
function lastWords(name: ProcessName, logFile: string): string {
  const text = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // Node ends the report of a crash with its version.
  const isCrash = lines.at(-1)?.startsWith('Node.js v') === true;
  const last = (isCrash ? lines.findLast((line) => /^\w*Error\b/.test(line)) : undefined) ?? lines.at(-1);
  if (last === undefined) return 'it said nothing.';
  const words = readMessage(last);
  return (words.startsWith(`${name}: `) ? words.slice(name.length + 2) : words).slice(0, maxReasonChars);
}

function readMessage(line: string): string {
  try {
    const entry = JSON.parse(line) as { msg?: string; message?: string; err?: { message?: string } }; // cast: a log line
    return [entry.msg ?? entry.message, entry.err?.message].filter((part) => part !== undefined).join(' ') || line;
  } catch {
    return line;
  }
}
