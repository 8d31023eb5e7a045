/** `npm run bench -- <scenario>`: what a delivery costs, beside what Temporal costs at the least, in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type BenchArguments, describeUsage, parseBenchArguments } from './arguments.ts';
import { describeBudgets } from './budgets.ts';
import { resultsDir, writeDocs } from './docs.ts';
import { describeProfiles } from './profiles.ts';
import { type Closing, createClosing, type RunScenario } from './scenario.ts';
import { runBacklog } from './scenarios/backlog.ts';
import { runBulk } from './scenarios/bulk.ts';
import { runFairness } from './scenarios/fairness.ts';
import { runHealthy, runWebhooks } from './scenarios/healthy.ts';
import { runImport } from './scenarios/import.ts';
import { runInbox } from './scenarios/inbox.ts';
import { runLists } from './scenarios/lists/lists.ts';
import { runNotifications } from './scenarios/notifications.ts';
import { runOverload } from './scenarios/overload.ts';
import { runSoak } from './scenarios/soak.ts';
import { profileDir } from './servers.ts';

/** What can be asked for by name; a new scenario is a file with its runner, and a line here. */
const scenarios: Readonly<Record<string, RunScenario>> = {
  healthy: runHealthy,
  bulk: runBulk,
  overload: runOverload,
  fairness: runFairness,
  backlog: runBacklog,
  soak: runSoak,
  webhooks: runWebhooks,
  notifications: runNotifications,
  import: runImport,
  inbox: runInbox,
  lists: runLists,
};

const oneEach = { WAYPOST_MESSAGES_PER_WORKFLOW: '1' };

/** Everything that docs/performance.md shows. */
const allRuns: readonly (Partial<BenchArguments> & { readonly scenario: string })[] = [
  { scenario: 'healthy' },
  { scenario: 'healthy', server: 'postgres' },
  { scenario: 'healthy', productSettings: oneEach, rates: [], peers: [] },
  { scenario: 'bulk' },
  { scenario: 'overload' },
  { scenario: 'fairness' },
  { scenario: 'backlog' },
  { scenario: 'soak' },
  { scenario: 'webhooks', rates: [] },
  { scenario: 'notifications' },
  { scenario: 'import' },
  { scenario: 'inbox' },
  { scenario: 'lists' },
];

const interruptedExitCode = 130;

const print = (text: string) => process.stdout.write(`${text}\n`);
const log = (line: string) => process.stderr.write(`${line}\n`);

/** True when nothing was lost; budgets are judged by people, as a shared machine may miss them for no fault of ours. */
async function run(args: BenchArguments, closing: Closing): Promise<boolean> {
  const runScenario = scenarios[args.scenario];
  if (runScenario === undefined) throw new Error(`There is no scenario "${args.scenario}".`);
  const { result, text, isComplete, plots = {}, ...report } = await runScenario({ args, closing, log });
  // Budgets are for the full size; a share of it tells whether a scenario works.
  const figures = args.scale === 1 ? report.figures : {};
  await closing.closeAll();
  const name = nameRun(args);
  const budgets = describeBudgets(figures);
  const outFile = resolve(args.outFile ?? join(resultsDir, `bench-${name}.json`));
  mkdirSync(dirname(outFile), { recursive: true });
  const whole = { run: name, settings: args, isComplete, figures, ...result };
  writeFileSync(outFile, `${JSON.stringify(whole, null, 2)}\n`);
  for (const [plot, svg] of Object.entries(plots)) writeFileSync(outFile.replace(/(\.json)?$/, `-${plot}.svg`), svg);
  print(`\n${[text, ...(budgets.length === 0 ? [] : ['', ...budgets])].join('\n')}`);
  print(`\nThe same and more as JSON: ${outFile}`);
  if (args.writesDocs) writeDocs(name, text, plots);
  if (args.isProfiled) print(`\n${describeProfiles(profileDir)}`);
  return isComplete;
}

/** `healthy`, `healthy-postgres`, `healthy-single`: runs that are kept side by side. */
function nameRun({ scenario, server, productSettings }: BenchArguments): string {
  const isSingle = productSettings['WAYPOST_MESSAGES_PER_WORKFLOW'] === '1';
  return [scenario, server === 'postgres' ? 'postgres' : '', isSingle ? 'single' : ''].filter(Boolean).join('-');
}

/** One run after the other, each on servers of its own; one that cannot be done is told, and the others go on. */
async function runAll(args: BenchArguments, openClosing: () => Closing, stopping: AbortSignal): Promise<boolean> {
  let isComplete = true;
  for (const each of allRuns) {
    if (stopping.aborted) break;
    log(`\n${nameRun({ ...args, ...each })}:`);
    const closing = openClosing();
    try {
      isComplete = (await run({ ...args, ...each }, closing)) && isComplete;
    } catch (error) {
      isComplete = false;
      log(describeError(error));
    } finally {
      await closing.closeAll();
    }
  }
  return isComplete;
}

async function main(): Promise<number> {
  const args = parseBenchArguments(process.argv.slice(2), Object.keys(scenarios));
  if (args.help) {
    print(describeUsage(Object.keys(scenarios)));
    return 0;
  }
  let closing = createClosing();
  const openClosing = () => (closing = createClosing());
  const stopping = new AbortController();
  const interrupted = new Promise<number>((resolveCode) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        log('Stopping…');
        stopping.abort();
        resolveCode(interruptedExitCode);
      });
    }
  });
  const measured = args.scenario === 'all' ? runAll(args, openClosing, stopping.signal) : run(args, closing);
  try {
    return await Promise.race([measured.then((isComplete) => (isComplete ? 0 : 1)), interrupted]);
  } finally {
    await closing.closeAll();
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    log(describeError(error));
    process.exit(1);
  },
);
