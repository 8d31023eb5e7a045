// Whether node_modules and dist still answer to package-lock.json and src; by content and size, as a checkout may turn clocks back.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const hash = (text) => createHash('sha256').update(text).digest('hex');

const readOrEmpty = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** The stamp lies inside node_modules, so that it goes when they go. */
export function installState(projectDir) {
  const lock = readFileSync(join(projectDir, 'package-lock.json'), 'utf8');
  const stampFile = join(projectDir, 'node_modules', '.waypost-installed');
  const stamp = hash(`${process.platform} ${process.arch}\n${lock}`);
  const stamped = readOrEmpty(stampFile);
  if (stamped !== '') return { stampFile, stamp, isStamped: stamped === stamp, isCurrent: stamped === stamp };
  const installed = readOrEmpty(join(projectDir, 'node_modules', '.package-lock.json'));
  const isCurrent = installed !== '' && matchesLock(JSON.parse(installed), JSON.parse(lock));
  return { stampFile, stamp, isStamped: false, isCurrent };
}

/** Accepts what somebody's own `npm ci` installed; only optional packages, those of other platforms, may be missing. */
export function matchesLock(installed, lock) {
  const isSame = ([path, entry]) => {
    const found = installed.packages[path];
    return found
      ? found.version === entry.version && found.integrity === entry.integrity
      : entry.optional || entry.devOptional;
  };
  const wanted = Object.entries(lock.packages).filter(([path]) => path !== '');
  return wanted.every(isSame) && Object.keys(installed.packages).every((path) => path in lock.packages);
}

export function buildState(projectDir) {
  const stampFile = join(projectDir, 'dist', '.waypost-built');
  const configs = readdirSync(projectDir).filter((name) => /^(tsconfig.*|package(-lock)?)\.json$/.test(name));
  const inputs = [
    ...configs,
    ...['src', 'console'].flatMap((dir) => listFiles(projectDir, dir)),
    'dev/build.mjs',
    'dev/build-console.mjs',
  ].sort();
  const stamp = hash(inputs.map((path) => describeFile(projectDir, path)).join('\n'));
  return { stampFile, stamp, isCurrent: readOrEmpty(stampFile) === stamp };
}

function listFiles(projectDir, dir) {
  return readdirSync(join(projectDir, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    return entry.isDirectory() ? listFiles(projectDir, path) : [path];
  });
}

function describeFile(projectDir, path) {
  const stat = statSync(join(projectDir, path), { throwIfNoEntry: false });
  return stat ? `${path} ${stat.size} ${stat.mtimeMs}` : `${path} absent`;
}
