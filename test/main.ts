/**
 * `npm test`: the checks first, then what needs servers. `npm test -- e2e` runs that one kind alone.
 * The last line is always `N passed, N failed`; a static check that fails counts as one failure.
 */
import { runChecks } from './check.ts';
import { addCounts, type Counts, describeCounts } from './support/counts.ts';
import { runVitest } from './support/run-vitest.ts';

const kindsWithStack = ['e2e', 'integration', 'workflow', 'timing'];
const kinds = ['unit', 'architecture', 'replay', ...kindsWithStack];

async function runAll(): Promise<Counts> {
  const checked = await runChecks();
  if (checked.failed > 0) return checked;
  return addCounts(checked, await runVitest(kindsWithStack));
}

const asked = process.argv.slice(2);
const unknown = asked.find((kind) => !kinds.includes(kind));
if (unknown === undefined) {
  const counts = asked.length > 0 ? await runVitest(asked) : await runAll();
  console.log(describeCounts(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
} else {
  console.error(`There is no kind of test named "${unknown}"; there are ${kinds.join(', ')}.`);
  process.exitCode = 2;
}
