import { homedir } from 'node:os';
import { basename, dirname, extname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles, listFiles, listSources, readText, repositoryRoot } from './source-files.ts';

const codeFolders = ['src', 'client', 'console', 'demo', 'bench', 'chaos', 'dev', 'test'];
const codeFiles = listFiles('').filter(
  (path) => /\.(ts|tsx|mjs)$/.test(path) && codeFolders.includes(rootFolderOf(path)) && !generatedFiles.includes(path),
);

const maxLines = 250;
const emptyWords = ['utils', 'util', 'helpers', 'helper', 'common', 'lib', 'misc', 'managers', 'services'];
// What a file *is* may be neither; what it is about may: `service-problems.ts` holds problems.
const emptyNouns = ['manager', 'service'];

function rootFolderOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

describe('files of code', () => {
  it('are named in kebab-case', () => {
    const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d))?$/;
    expect(codeFiles.filter((path) => !name.test(basename(path, extname(path))))).toEqual([]);
  });

  it('say in their names what they hold', () => {
    const isEmpty = (path: string): boolean => {
      const words = path.replace(/(\.test)?\.\w+$/, '').split(/[/.-]/);
      return words.some((word) => emptyWords.includes(word)) || emptyNouns.includes(words.at(-1) ?? '');
    };
    expect(codeFiles.filter(isEmpty)).toEqual([]);
  });

  it(`have at most ${maxLines} lines`, () => {
    const lengths = codeFiles.map((path) => ({ path, lineCount: readText(path).trimEnd().split('\n').length }));
    expect(lengths.filter(({ lineCount }) => lineCount > maxLines)).toEqual([]);
  });

  it('are short doors where a process starts', () => {
    const doors = ['src/api.ts', 'src/worker.ts', 'src/migrate.ts', 'src/rotate-keys.ts', 'src/cli.ts'];
    const lengths = doors.map((path) => ({ path, lineCount: readText(path).trimEnd().split('\n').length }));
    expect(lengths.filter(({ lineCount }) => lineCount > 60)).toEqual([]);
  });

  it('exist for every kind of test', () => {
    const kinds = ['unit', 'architecture', 'replay', 'workflow', 'integration', 'timing', 'e2e'];
    const tests = codeFiles.filter((path) => path.endsWith('.test.ts'));
    expect(kinds.filter((kind) => !tests.some((path) => path.startsWith(`test/${kind}/`)))).toEqual([]);
  });

  it('have their unit tests in the folder of the same name: test/unit mirrors src, or the repository', () => {
    const folders = new Set(codeFiles.map((path) => dirname(path)));
    const folderOf = (path: string): string => dirname(path).replace(/^test\/unit\/?/, '');
    const isAtHome = (path: string): boolean =>
      folderOf(path) === ''
        ? codeFiles.includes(`src/${basename(path).replace('.test.ts', '.ts')}`)
        : folders.has(`src/${folderOf(path)}`) || folders.has(folderOf(path));
    const unitTests = codeFiles.filter((path) => path.startsWith('test/unit/') && path.endsWith('.test.ts'));
    expect(unitTests.filter((path) => !isAtHome(path))).toEqual([]);
  });

  it('leave no test out: nothing is skipped, focused or put off', () => {
    const leftOut = new RegExp(`\\b(it|test|describe)\\.(${['skip', 'only', 'todo', 'fails'].join('|')})\\b`);
    expect(codeFiles.filter((path) => path.endsWith('.test.ts') && leftOut.test(readText(path)))).toEqual([]);
  });
});

describe('the environment', () => {
  it('is read by src/config.ts alone', () => {
    const readsEnvironment = /\bprocess\s*(\.|\?\.|\[\s*['"])\s*env\b|\benv\b[^;\n]*}\s*=\s*process\b/;
    const processModule = /from\s*['"](node:)?process['"]/;
    const readers = listSources().filter((path) => {
      const text = readText(path);
      return readsEnvironment.test(text) || processModule.test(text);
    });
    expect(readers).toEqual(['src/config.ts']);
  });
});

describe('everything in the repository', () => {
  it('names no path of the machine it was written on', () => {
    // A root near the top of the file system, such as the `/app` of an image, says nothing about anybody's machine.
    const machinePaths = [repositoryRoot, dirname(repositoryRoot), homedir()]
      .filter((path) => path !== dirname(path) && path !== '/app')
      .map((path) => `${path}/`);
    const isText = (path: string): boolean => !/\.(png|ico|woff2|gz)$/.test(path);
    const naming = listFiles('').filter(
      (path) => isText(path) && machinePaths.some((machinePath) => readText(path).includes(machinePath)),
    );
    expect(naming).toEqual([]);
  });

  it('takes packages from the default registry: neither the lock file nor .npmrc names a host', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/);
    const settings = listFiles('').filter((path) => basename(path) === '.npmrc');
    expect(settings.filter((path) => /registry/.test(readText(path)))).toEqual([]);
  });

  it('is locked for every platform: no optional package is missing from the lock file', () => {
    // A lock file written behind a mirror that holds one platform only makes `npm ci` refuse everywhere.
    interface LockedPackage {
      optionalDependencies?: Record<string, string>;
    }
    // The shape is npm's, lockfileVersion 3.
    const lock = JSON.parse(readText('package-lock.json')) as { packages: Record<string, LockedPackage> };
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          lock.packages[`node_modules/${name}`] === undefined &&
          lock.packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });
});
