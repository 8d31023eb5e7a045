/**
 * `npm test`: the static checks and all tests, side by side. `npm test -- e2e` runs that one kind of tests alone;
 * `console`, the kind that needs a Chromium, runs only when it is asked for.
 * The last line is always `N passed, N failed`; a static check that fails counts as one failure.
 */
import { pureKinds, runChecks } from './check.ts';
import { describeCounts } from './support/counts.ts';
import { runVitest } from './support/run-vitest.ts';

const kinds = [...pureKinds, 'e2e', 'integration', 'workflow', 'timing'];

const asked = process.argv.slice(2);
const unknown = asked.find((kind) => ![...kinds, 'console'].includes(kind));
if (unknown === undefined) {
  const counts = asked.length > 0 ? await runVitest(asked) : await runChecks(kinds);
  console.log(describeCounts(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
} else {
  console.error(`There is no kind of test named "${unknown}"; there are ${kinds.join(', ')}.`);
  process.exitCode = 2;
}
