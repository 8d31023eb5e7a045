import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const compiledDir = join(projectDir, '.cache', 'bench-processes', 'bench', 'processes');
const endTimeoutMs = 5_000;

/** Compiles the bench's own processes; throws when the compiler refuses, which has then said why. */
export function compileBenchProcesses(): void {
  const compiler = join(projectDir, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = join(projectDir, 'bench', 'processes', 'tsconfig.json');
  const { status } = spawnSync(process.execPath, [compiler, '--project', config], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('The processes of the bench could not be compiled; the reasons are above.');
}

export interface BenchProcess<Order, Word> {
  readonly pid: number;
  order(order: Order): void;
  onWord(listener: (word: Word) => void): void;
  /** Resolves with the first word that `choose` takes; rejects when the process ends before. */
  waitFor<Chosen extends Word>(choose: (word: Word) => word is Chosen): Promise<Chosen>;
  stop(): Promise<void>;
}

/** Starts a compiled process of the bench. */
export function startBenchProcess<Order extends object, Word>(
  name: 'sink' | 'floor' | 'upstreams' | 'bare-client',
  env: NodeJS.ProcessEnv,
): BenchProcess<Order, Word> {
  return forkProcess(name, join(compiledDir, `${name}.js`), env);
}

/** Starts a program that talks over its channel; it ends with its channel, so that a killed bench leaves none behind. */
export function forkProcess<Order extends object, Word>(
  name: string,
  file: string,
  env: NodeJS.ProcessEnv,
): BenchProcess<Order, Word> {
  const child = fork(file, { execArgv: [], env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`The ${name} of the bench could not be started.`);
  // Our own processes send nothing but their words.
  const onWord = (listener: (word: Word) => void) => child.on('message', (word) => listener(word as Word));
  return {
    pid,
    order: (order) => child.send(order),
    onWord,
    waitFor: (choose) =>
      new Promise((resolve, reject) => {
        onWord((word) => {
          if (choose(word)) resolve(word);
        });
        child.once('exit', (code) => reject(new Error(`The ${name} of the bench ended by itself (${code}).`)));
      }),
    stop: () => endBenchProcess(child),
  };
}

async function endBenchProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(timer);
}
