import { pathToFileURL } from 'node:url';
import { addCounts, type Counts, describeCounts, noCounts } from './support/counts.ts';
import { runNode } from './support/run-command.ts';
import { runVitest } from './support/run-vitest.ts';

interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const steps: readonly Step[] = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'] },
  { name: 'types of the workflows', args: ['node_modules/typescript/bin/tsc', '--project', 'src/workflows'] },
  { name: 'types of the console', args: ['node_modules/typescript/bin/tsc', '--project', 'console'] },
  { name: 'format', args: ['node_modules/oxfmt/bin/oxfmt', '--check'] },
  { name: 'lint', args: ['node_modules/oxlint/bin/oxlint'] },
  { name: 'unused code', args: ['node_modules/knip/bin/knip.js'] },
];

/** For the compiler and the linter, which are written in Go: a sixth less CPU for a twentieth more memory. */
const lessGarbage = { GOGC: '400' };

/** The kinds of tests that need no server. */
export const pureKinds = ['unit', 'architecture', 'replay'];

/** The static steps (format, lint, types, unused code) beside these kinds of tests; a step that fails counts as one failure. */
export async function runChecks(kinds: readonly string[]): Promise<Counts> {
  const [failedSteps, counts] = await Promise.all([runSteps(), runVitest(kinds)]);
  return addCounts(counts, { ...noCounts, failed: failedSteps });
}

/** Each step is mostly one thread; what they print is shown whole, one by one. */
async function runSteps(): Promise<number> {
  const outcomes = await Promise.all(
    steps.map(async ({ name, args }) => {
      const { exitCode, output, durationMs } = await runNode(args, { env: lessGarbage });
      const seconds = (durationMs / 1000).toFixed(1);
      if (exitCode === 0) console.log(`ok      ${name} (${seconds} s)`);
      else console.log(`FAILED  ${name} (${seconds} s, exit code ${exitCode})\n${output}`);
      return exitCode === 0;
    }),
  );
  return outcomes.filter((isOk) => !isOk).length;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const counts = await runChecks(pureKinds);
  console.log(describeCounts(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
