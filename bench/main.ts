/** `npm run bench -- <scenario>`: what a delivery costs, beside what Temporal costs at the least, in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type BenchArguments, describeUsage, parseBenchArguments } from './arguments.ts';
import { projectDir } from './bench-process.ts';
import { type Closing, createClosing } from './closing.ts';
import { describeProfiles } from './profiles.ts';
import { scenarios } from './scenarios.ts';
import { profileDir } from './servers.ts';

const interruptedExitCode = 130;

const print = (text: string) => process.stdout.write(`${text}\n`);
const log = (line: string) => process.stderr.write(`${line}\n`);

/** 0 when nothing was lost; budgets are judged by people, as a shared machine may miss them for no fault of ours. */
async function run(args: BenchArguments, closing: Closing): Promise<number> {
  const runScenario = scenarios[args.scenario];
  if (runScenario === undefined) throw new Error(`There is no scenario "${args.scenario}".`);
  const { result, text, isComplete } = await runScenario({ args, closing, log });
  const outFile = resolve(args.outFile ?? join(projectDir, '.cache', `bench-${args.scenario}.json`));
  mkdirSync(dirname(outFile), { recursive: true });
  writeFileSync(outFile, `${JSON.stringify(result, null, 2)}\n`);
  print(`\n${text}\n\nThe same and more as JSON: ${outFile}`);
  if (args.isProfiled) print(`\n${describeProfiles(profileDir)}`);
  return isComplete ? 0 : 1;
}

async function main(): Promise<number> {
  const args = parseBenchArguments(process.argv.slice(2), Object.keys(scenarios));
  if (args.help) {
    print(describeUsage(Object.keys(scenarios)));
    return 0;
  }
  const closing = createClosing();
  const interrupted = new Promise<number>((resolveCode) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        log('Stopping…');
        resolveCode(interruptedExitCode);
      });
    }
  });
  try {
    return await Promise.race([run(args, closing), interrupted]);
  } finally {
    await closing.closeAll();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    log(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
