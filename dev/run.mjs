// The one door of a fresh clone: needs Node and npm, nothing else, and imports nothing that npm would have to install.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildState, installState } from './freshness.mjs';
import { takeLock } from './process-lock.mjs';

const OLDEST_NODE = [20, 3];
// The product and the demo run on the oldest; the linter, the formatter and knip cannot be loaded before this one.
const OLDEST_NODE_OF_TESTS = [20, 19];
// Node before 20.6 has no module.register, which tsx uses behind --import; there it works as a loader only.
const FIRST_NODE_WITH_REGISTER = [20, 6];
const ORPHAN_POLL_MS = 500;
const LOCK_WAIT_MS = 10 * 60_000;
const PROGRAMS = { demo: 'demo/main.ts', test: 'test/main.ts', bench: 'bench/main.ts', chaos: 'chaos/main.ts' };

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const cacheDir = join(projectDir, '.cache');

const say = (line) => process.stderr.write(`${line}\n`);

function isNodeAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** npm's own environment, with a cache in the project when the home directory cannot hold one (HOME empty, or read-only). */
function npmEnvironment() {
  const home = homedir();
  if (home !== '' && !process.env.npm_config_cache) {
    try {
      mkdirSync(join(home, '.npm'), { recursive: true });
      return process.env;
    } catch {
      // Not writable: fall through to the cache of the project.
    }
  }
  return { npm_config_cache: join(cacheDir, 'npm'), ...process.env };
}

function runNpm(args) {
  // Under `npm run` the very npm that runs us; `npm` on the PATH may be another one, or missing.
  const ownNpm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : null;
  const [command, first] = ownNpm && existsSync(ownNpm) ? [process.execPath, [ownNpm]] : ['npm', []];
  const { status, error } = spawnSync(command, [...first, ...args], {
    cwd: projectDir,
    env: npmEnvironment(),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) throw new Error(`npm could not be started: ${error.message}.`);
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed (exit code ${status}); its output is above.`);
}

function installPackages() {
  const state = installState(projectDir);
  if (state.isStamped) return;
  if (!state.isCurrent) {
    say('installing packages (npm ci)…');
    // An inherited NODE_ENV=production or omit setting would leave out the tools that the build needs.
    runNpm([
      'ci',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--no-update-notifier',
    ]);
  }
  writeFileSync(state.stampFile, state.stamp);
}

function buildProject() {
  const state = buildState(projectDir);
  if (state.isCurrent) return;
  say('building (npm run build)…');
  runNpm(['run', '--silent', 'build']);
  writeFileSync(state.stampFile, state.stamp);
}

function runProgram(file, args) {
  const tsx = isNodeAtLeast(FIRST_NODE_WITH_REGISTER) ? ['--import', 'tsx'] : ['--no-warnings', '--loader', 'tsx'];
  const child = spawn(process.execPath, [...tsx, file, ...args], { cwd: projectDir, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      // At a terminal Ctrl-C reaches the whole foreground group; a second copy would read as "stop at once".
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  if (process.env.npm_lifecycle_event) stopWhenOrphaned(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** npm passes a signal on to its shell only, which dies of it and tells nobody: then the program would run on for ever. */
function stopWhenOrphaned(child) {
  const parentPid = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(timer);
    child.kill('SIGTERM');
  }, ORPHAN_POLL_MS);
  timer.unref();
}

async function main([name, ...args]) {
  const oldest = name === 'test' ? OLDEST_NODE_OF_TESTS : OLDEST_NODE;
  if (!isNodeAtLeast(oldest)) {
    const what = name === 'test' ? 'npm test' : 'Waypost';
    throw new Error(`${what} needs Node ${oldest.join('.')} or newer; this is Node ${process.versions.node}.`);
  }
  const file = Object.hasOwn(PROGRAMS, name ?? '') ? PROGRAMS[name] : null;
  if (!file) throw new Error(`Usage: node dev/run.mjs <${Object.keys(PROGRAMS).join('|')}> [arguments]`);
  const release = await takeLock(join(cacheDir, 'install.lock'), {
    waitMs: LOCK_WAIT_MS,
    refusal: (pid) => `Process ${pid} has been installing or building this project for 10 minutes; try again later.`,
  });
  try {
    installPackages();
    buildProject();
  } finally {
    release();
  }
  return runProgram(file, args);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    say(error.message);
    process.exit(1);
  },
);
