import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { PostgresPlace } from './postgres-place.ts';
import { runProgram } from './run-program.ts';

const INITDB_TIMEOUT_MS = 120_000;
const PASSWORD_FILE = 'waypost.password';

/**
 * Makes the cluster unless it is there, and returns the password of its roles. initdb works aside and the rename comes last,
 * so an interrupted first start leaves nothing that looks like a cluster.
 */
export async function ensureCluster({ binDir, clusterDir, account, majorVersion }: PostgresPlace): Promise<string> {
  if (existsSync(join(clusterDir, 'PG_VERSION'))) {
    const found = readOwnFile(clusterDir, 'PG_VERSION');
    if (found !== majorVersion) {
      throw new Error(`${clusterDir} is of Postgres ${found}, this is Postgres ${majorVersion}: remove that folder.`);
    }
    return readOwnFile(clusterDir, PASSWORD_FILE);
  }
  if (account === null) requireUserName();
  const password = randomBytes(18).toString('hex');
  const aside = `${clusterDir}.${process.pid}`;
  const passwordFile = `${aside}.password`;
  await rm(aside, { recursive: true, force: true });
  mkdirSync(aside, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== null) for (const path of [aside, passwordFile]) chownSync(path, account.uid, account.gid);
  // The built-in locale knows Unicode without asking for the machine's locales, which slim images lack.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const { exitCode, stderr } = await runProgram(join(binDir, 'initdb'), ['-D', aside, ...login, ...locale], {
    timeoutMs: INITDB_TIMEOUT_MS,
    account,
    env: postgresEnvironment(),
  });
  if (exitCode !== 0) {
    for (const path of [aside, passwordFile]) rmSync(path, { recursive: true, force: true });
    throw new Error(`initdb failed: ${stderr.trim()}`);
  }
  await rename(passwordFile, join(aside, PASSWORD_FILE));
  await rename(aside, clusterDir);
  return password;
}

/** The environment of Postgres' programs: nothing of the user's PG* settings, messages in English. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

function readOwnFile(clusterDir: string, name: string): string {
  try {
    return readFileSync(join(clusterDir, name), 'utf8').trim();
  } catch {
    throw new Error(`${clusterDir} belongs to another user or is damaged: remove it, or run as the user who made it.`);
  }
}

function requireUserName(): void {
  try {
    userInfo();
  } catch {
    throw new Error(
      `initdb wants a user with a name and uid ${process.getuid?.()} has none: add it to /etc/passwd, or set DATABASE_URL.`,
    );
  }
}
