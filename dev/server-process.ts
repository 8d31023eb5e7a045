import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, readLiveProcess, recordProcess } from './process-lock.mjs';

const POLL_MS = 25;
const LOG_TAIL_LINES = 8;
const LOG_TAIL_LINE_CHARACTERS = 300;

/** One step of ending a process: send the signal, then wait that long for the end. */
export type EndStep = readonly [signal: NodeJS.Signals, waitMs: number];

export interface ServerProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** Ends it step by step; resolves once it is gone, at once when it was gone already. */
  end(steps: readonly EndStep[]): Promise<void>;
}

export interface ServerProcessOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Written anew by each start, so that it cannot grow without bound. */
  logFile: string;
  /** Where the process is recorded, for `endLeftover` of a later run. */
  recordFile: string;
  /** Whom to run as; null: ourselves. */
  account: { uid: number; gid: number } | null;
  /** Called when it ends without `end` having been called. */
  onUnexpectedEnd: (how: string) => void;
}

/**
 * Starts a server in a process group of its own: Ctrl-C at a terminal reaches the whole foreground group, and the
 * servers have to outlive the product that is draining into them.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { command, args, cwd, env, logFile, recordFile, account } = options;
  const log = openSync(logFile, 'w');
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log], detached: true, ...account });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} started without a process id.`);
  recordProcess(recordFile, pid);
  let isEnding = false;
  let hasEnded = false;
  child.once('exit', (code, signal) => {
    hasEnded = true;
    rmSync(recordFile, { force: true });
    if (!isEnding) options.onUnexpectedEnd(signal ?? `exit code ${code}`);
  });
  // A forgotten server must not keep the program alive; the next run ends it by its record.
  child.unref();
  return {
    pid,
    hasEnded: () => hasEnded,
    async end(steps) {
      isEnding = true;
      child.ref();
      if (!hasEnded) await endProcess(pid, identifyProcess(pid), steps);
    },
  };
}

/** Ends the server that a killed earlier run left behind, if it is still the recorded one. True when there was one. */
export async function endLeftover(recordFile: string, steps: readonly EndStep[]): Promise<boolean> {
  const left = readLiveProcess(recordFile);
  if (left !== null) await endProcess(left.pid, left.identity, steps);
  rmSync(recordFile, { force: true });
  return left !== null;
}

/** Sends the signals one after the other until the process that `identity` names is gone. */
export async function endProcess(pid: number, identity: string | null, steps: readonly EndStep[]): Promise<void> {
  const isGone = () => identity === null || identifyProcess(pid) !== identity;
  for (const [signal, waitMs] of steps) {
    if (isGone()) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the look and the signal, which the loop below sees.
    }
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline && !isGone()) await sleep(POLL_MS);
  }
  if (!isGone()) throw new Error(`Process ${pid} does not end, not even by SIGKILL.`);
}

/** The end of a log as one indented block, for an error message. */
export function readLogTail(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  return lines.map((line) => `  ${line.slice(0, LOG_TAIL_LINE_CHARACTERS)}`).join('\n');
}

/**
 * Below what Linux (32768) and macOS (49152) hand to outgoing connections: a port from that range may be a stranger's local
 * end by the time its server is restarted, and was.
 */
const FIRST_PORT = 15_000;
const PORT_COUNT = 17_000;
const PORT_TRIES = 200;

/**
 * Ports of 127.0.0.1 that were free a moment ago, all different. Each is leased to this process while it lives, so no other
 * caller gets it before the server that it is meant for has started: two test files' servers once met on one port.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === PORT_TRIES) throw new Error('No free port was found on 127.0.0.1.');
    const port = FIRST_PORT + randomInt(PORT_COUNT);
    if ((await leasePort(port)) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

/** The lease is the UDP port of the same number, which nobody else uses; the kernel gives it back when the process ends. */
function leasePort(port: number): Promise<boolean> {
  const lease = createSocket('udp4').unref();
  return new Promise((resolve) => {
    lease.once('error', () => {
      lease.close();
      resolve(false);
    });
    lease.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      resolve(true);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
