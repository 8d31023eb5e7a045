import { describe, expect, it } from 'vitest';
import { directions, doors } from './direction-table.ts';
import { findCycle, judgeImport } from './direction.ts';
import { findImports, folderOf, listSources, readImports, readText } from './source-files.ts';

const statements = listSources().flatMap(readImports);

describe('imports of src', () => {
  it('follow the table of directions, type imports included', () => {
    const faults = statements.map(judgeImport).filter((fault) => fault !== null);
    expect(faults).toEqual([]);
  });

  it('make no circle, type imports included', () => {
    const graph = new Map(listSources().map((path) => [path, readImports(path).map(({ target }) => target)]));
    expect(findCycle(graph)).toBeNull();
  });

  it('are found: every folder with code imports something or is imported', () => {
    const seen = new Set(statements.flatMap(({ from, target }) => [folderOf(from), folderOf(target)]));
    const withCode = new Set(listSources().map(folderOf));
    expect([...withCode].filter((folder) => !seen.has(folder))).toEqual([]);
  });
});

describe('the reader of imports', () => {
  it('sees every form and knows which are types only', () => {
    const text = [
      `import { a,\n  b } from './a.ts';`,
      `import type { C } from '../store/c.ts';`,
      `export * from "node:fs";`,
      `import 'undici';`,
      `const d = await import('pg');`,
      `type E = import('zod').ZodType;`,
      `// import { no } from 'comment';`,
      `/* import 'comment'; */`,
    ].join('\n');
    expect(findImports('src/http/x.ts', text).map(({ target, isTypeOnly }) => [target, isTypeOnly])).toEqual([
      ['src/http/a.ts', false],
      ['src/store/c.ts', true],
      ['node:fs', false],
      ['undici', false],
      ['pg', false],
      ['zod', false],
    ]);
  });
});

describe('the judge of imports', () => {
  const judge = (from: string, text: string): (string | null)[] => findImports(from, text).map(judgeImport);

  it.each([
    ['src/domain/a.ts', `import { z } from 'zod';`],
    ['src/domain/a.ts', `import type { Job } from '../store/jobs.ts';`],
    ['src/contracts/a.ts', `import 'node:fs';`],
    ['src/workflows/a.ts', `import type { X } from '../activities/x.ts';`],
    ['src/store/a.ts', `import { shape } from '../contracts/shape.ts';`],
    ['src/upstreams/kernel/a.ts', `import { Pool } from 'pg';`],
    ['src/temporal/a.ts', `import { x } from '../workflows/x.ts';`],
    ['src/usecases/a.ts', `import fastify from 'fastify';`],
    ['src/http/routes/a.ts', `import { send } from '../../upstreams/kernel/send.ts';`],
    ['src/http/a.ts', `import type { Config } from '../config.ts';`],
    ['src/http/a.ts', `import { start } from '../../dev/stack.ts';`],
    ['src/misc/a.ts', `import 'pg';`],
  ])('refuses in %s: %s', (from, text) => {
    expect(judge(from, text)).toEqual([expect.any(String)]);
  });

  it.each([
    ['src/store/a.ts', `import type { Shape } from '../contracts/shape.ts';`],
    ['src/http/a.ts', `import swagger from '@fastify/swagger';`],
    ['src/activities/a.ts', `import { jobs } from '../store/jobs.ts';`],
    ['src/worker.ts', `import { Worker } from '@temporalio/worker';`],
  ])('allows in %s: %s', (from, text) => {
    expect(judge(from, text)).toEqual([null]);
  });

  it('finds a circle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
  });
});

describe('the lint configuration', () => {
  interface Pattern {
    regex?: string;
    group?: string[];
    allowTypeImports?: boolean;
  }
  interface LintOverride {
    files: string[];
    rules: { 'no-restricted-imports'?: [string, { patterns: Pattern[] }] };
  }
  // The shape is that of our own file, checked against oxlint's schema whenever oxlint runs.
  const { overrides } = JSON.parse(readText('.oxlintrc.json')) as { overrides: LintOverride[] };

  it.each(Object.entries(directions))('says of %s what the table of directions says', (folder, direction) => {
    const rule = overrides.find(({ files }) => files.includes(`src/${folder}/**`))?.rules['no-restricted-imports'];
    const patterns = rule?.[1].patterns ?? [];
    const matches = (target: string, isTypeOnly: boolean): boolean =>
      patterns.some(
        ({ regex, allowTypeImports }) =>
          regex !== undefined && !(isTypeOnly && allowTypeImports === true) && new RegExp(regex).test(target),
      );
    for (const other of Object.keys(directions).filter((name) => name !== folder)) {
      const isAllowed = direction.folders.includes(other);
      const isTypeAllowed = isAllowed || direction.typeFolders.includes(other);
      expect([other, matches(`../${other}/a.ts`, false)]).toEqual([other, !isAllowed]);
      expect([other, matches(`../../${other}/b/a.ts`, true)]).toEqual([other, !isTypeAllowed]);
    }
    for (const door of doors) expect([door, matches(`../${door}`, true)]).toEqual([door, true]);

    const named = patterns.flatMap(({ group }) => group ?? []).filter((glob) => /^![^./]/.test(glob));
    const packages = named.map((glob) => glob.slice(1)).filter((glob) => !glob.includes('*') || glob === 'node:*');
    expect(packages.map((name) => name.replace('*', ''))).toEqual(direction.packages);
  });
});
