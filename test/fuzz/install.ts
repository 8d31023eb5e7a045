import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../dev/run-program.ts';

const here = dirname(fileURLToPath(import.meta.url));
const requirementsFile = join(here, 'requirements.txt');
const installTimeoutMs = 300_000;
const pythons = ['python3', 'python'];
const remedy = 'install Python 3.10 or newer with its venv module (on Debian: python3-venv)';

/**
 * The path of schemathesis in a virtual environment of its own under `cacheDir`, made on first use and again when
 * `requirements.txt` changes. Rejects with one sentence where Python or the packages cannot be had.
 */
export async function installSchemathesis(cacheDir: string, log: (line: string) => void): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(requirementsFile)).digest('hex').slice(0, 12);
  const home = join(cacheDir, 'tools', `schemathesis-${digest}`);
  const stampFile = join(home, 'complete');
  const program = join(home, 'bin', 'st');
  if (existsSync(stampFile)) return program;
  log('installing schemathesis…');
  await rm(home, { recursive: true, force: true });
  await mkdir(dirname(home), { recursive: true });
  await makeEnvironment(home);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirementsFile];
  const { exitCode, stderr } = await runProgram(join(home, 'bin', 'python'), pip, { timeoutMs: installTimeoutMs });
  if (exitCode !== 0) throw new Error(`pip could not install schemathesis: ${lastLine(stderr)}`);
  await writeFile(stampFile, '');
  return program;
}

async function makeEnvironment(home: string): Promise<void> {
  let reason = '';
  for (const python of pythons) {
    const made = await runProgram(python, ['-m', 'venv', home], { timeoutMs: installTimeoutMs });
    if (made.exitCode === 0) return;
    reason ||= lastLine(made.stderr || made.stdout);
  }
  throw new Error(`The fuzz test needs Python (${reason}): ${remedy}.`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
