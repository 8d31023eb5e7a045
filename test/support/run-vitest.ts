import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counts } from './counts.ts';
import { runNode } from './run-command.ts';

/**
 * Runs the named Vitest projects and returns what was counted. Vitest shows its own report as it goes.
 * A run that ends before it could count (a broken configuration, a stack that did not start) is one failure, and so is
 * a run that found no test at all, or one whose exit code says "failed" where every test passed.
 */
export async function runVitest(projects: readonly string[]): Promise<Counts> {
  const directory = await mkdtemp(join(tmpdir(), 'waypost-counts-'));
  const countsFile = join(directory, 'counts.json');
  try {
    const { exitCode } = await runNode(
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--reporter=default',
        '--reporter=./test/support/count-reporter.ts',
        ...projects.map((project) => `--project=${project}`),
      ],
      { env: { TEST_COUNTS_FILE: countsFile }, passThrough: true },
    );
    const counts = await readCounts(countsFile);
    const isEmpty = counts.passed + counts.failed === 0;
    const isUnexplained = exitCode !== 0 && counts.failed === 0;
    return isEmpty || isUnexplained ? { ...counts, failed: 1 } : counts;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readCounts(path: string): Promise<Counts> {
  try {
    // The file is written by our own reporter, in this shape.
    return JSON.parse(await readFile(path, 'utf8')) as Counts;
  } catch {
    // Vitest ended before its reporters were called; the caller turns "nothing counted" into a failure.
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
