import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { addCounts, type Counts, noCounts } from './counts.ts';

/**
 * Writes the counts of one Vitest run as JSON to the file that `TEST_COUNTS_FILE` names. (No `WAYPOST_` in front: the
 * processes that tests start inherit the environment and refuse such variables when they do not know them.)
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env['TEST_COUNTS_FILE'];
    if (path === undefined) throw new Error('TEST_COUNTS_FILE must name the file the counts go to.');
    const counts = modules.map(countModule).reduce(addCounts, { ...noCounts, failed: unhandledErrors.length });
    writeFileSync(path, JSON.stringify(counts));
  }
}

function countModule(module: TestModule): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    // A test that is still pending when the run has ended was cut off: that is no pass.
    if (state === 'pending') counts.failed += 1;
    else counts[state] += 1;
  }
  // Errors of the file itself or of a suite's hooks belong to no test; without this a file that cannot load counts 0.
  if (module.state() === 'failed' && counts.failed === 0) counts.failed = 1;
  return counts;
}
