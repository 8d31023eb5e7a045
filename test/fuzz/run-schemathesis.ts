import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Closing } from '../../demo/closing.ts';
import type { Counts } from '../support/counts.ts';
import type { Dictionaries } from './objects.ts';

const projectDir = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const killAfterMs = 10_000;

export interface FuzzRun {
  readonly program: string;
  /** What came of it, as JSON; an older one is removed first. */
  readonly reportFile: string;
  /** Before and behind the command's name. */
  readonly args: readonly string[];
  readonly runArgs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly closing: Closing;
}

/** The parts of schemathesis's JSON report that are read here. */
interface Report {
  readonly complete: boolean;
  readonly operations: { readonly tested: number };
  readonly failures: readonly { readonly title: string; readonly operations: readonly string[] }[];
  readonly errors: readonly { readonly title: string; readonly count: number }[];
}

/** Writes each list as a dictionary that schemathesis reads, one quoted entry a line. */
export function writeDictionaries(homeDir: string, dictionaries: Dictionaries): void {
  const folder = join(homeDir, 'ids');
  mkdirSync(folder, { recursive: true });
  for (const [name, values] of Object.entries(dictionaries)) {
    const lines = values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`);
    writeFileSync(join(folder, `${name}.dict`), `${lines.join('\n')}\n`);
  }
}

/**
 * Runs schemathesis to its end and counts the operations that it found nothing on, and those that it did. Rejects when it
 * did not come to its end, in time or at all: then nothing is known.
 */
export async function runSchemathesis(run: FuzzRun): Promise<Counts> {
  const { program, reportFile, closing, timeoutMs } = run;
  rmSync(reportFile, { force: true });
  const args = [...run.args, 'run', ...run.runArgs, '--report', 'json', '--report-json-path', reportFile];
  const child = spawn(program, args, {
    cwd: projectDir,
    env: { ...process.env, ...run.environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await closing.open(() => ({ stop: () => endChild(child) }));
  const code = await waitForEnd(child, timeoutMs);
  // 1 = it has found something.
  if (code !== 0 && code !== 1) throw new Error(`schemathesis did not come to its end (exit code ${code ?? 'none'}).`);
  return countOperations(JSON.parse(readFileSync(reportFile, 'utf8')) as Report, code); // cast: schemathesis's own shape
}

function waitForEnd(child: ChildProcess, timeoutMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`schemathesis did not end within ${timeoutMs / 60_000} minutes.`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
  });
}

/** An error of schemathesis's own, such as a media type that it cannot write, leaves something untested: a failure too. */
function countOperations(report: Report, code: number): Counts {
  const broken = new Set(report.failures.flatMap(({ operations }) => operations)).size;
  const errors = report.errors.reduce((sum, { count }) => sum + count, 0);
  const isUnexplained = code !== 0 && broken + errors === 0;
  const failed = broken + errors + (isUnexplained || !report.complete ? 1 : 0);
  return { passed: Math.max(0, report.operations.tested - failed), failed, skipped: 0 };
}
