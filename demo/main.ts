/** `npm run demo`: everything at once, a script with its outcomes checked, and links to look around. */
import { randomInt } from 'node:crypto';
import { startStack } from '../dev/stack.ts';
import { type DemoArguments, parseDemoArguments, usage } from './arguments.ts';
import { type Closing, createClosing } from './closing.ts';
import { endLeftovers } from './leftovers.ts';
import { type PlayedStory, playStories } from './play.ts';
import { chooseApiPort, chooseMetricsPort } from './ports.ts';
import { prepareTenant } from './prepare.ts';
import { startProduct } from './product.ts';
import { buildProductEnvironment } from './product-environment.ts';
import { createProgress, type Progress } from './progress.ts';
import { describeResults, describeSurroundings } from './report.ts';
import { startStandIns } from './start-stand-ins.ts';
import { codecEndpointOf, demoDir, openState } from './state.ts';
import { stories } from './stories/index.ts';

const interruptedExitCode = 130;

interface Demo {
  readonly args: DemoArguments;
  readonly closing: Closing;
  readonly progress: Progress;
  /** Called when the script is over. */
  readonly onPlayed: (exitCode: number) => void;
}

/** Starts everything and plays the script; with `once` it then resolves, else it stays up until it is interrupted. */
async function runDemo({ args, closing, progress, onPlayed }: Demo): Promise<void> {
  const log = (line: string) => progress.say(`  ${line}`);
  await endLeftovers();
  const apiPort = await chooseApiPort(args.port, log);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const file = openState(process.env.DATABASE_URL, args.fresh);
  progress.say('Starting Postgres, Temporal, the api, the worker and the stand-ins…');
  const temporal = { codecEndpoint: codecEndpointOf(apiUrl, file.state.adminKey) };
  const stack = await closing.open(() => startStack({ name: 'demo', fresh: args.fresh, log, temporal }));
  file.save({});
  const standIns = await startStandIns(closing, file.state.integrationSecret);
  const metricsPort = await chooseMetricsPort(apiPort);
  const env = buildProductEnvironment(process.env, file.state, { ...stack, apiPort, metricsPort });
  const product = await closing.open(() => startProduct({ logDir: demoDir, env, apiUrl, metricsPort }));

  const { temporalUiUrl } = stack;
  const playAll = async (): Promise<void> => {
    await product.ready;
    log(`api on ${apiUrl}, worker's metrics on http://127.0.0.1:${metricsPort}`);
    const { apiKey, ...prepared } = await prepareTenant(apiUrl, file, standIns);
    progress.say('Playing the script:');
    const replaceWorker = () => product.replaceWorker();
    const stage = { ...standIns, ...prepared, ...drawNames(), replaceWorker };
    const played = await playStories(stories, stage, progress);
    progress.say(describeResults(played, { apiUrl, temporalUiUrl }));
    progress.say(`\n${describeVerdict(played)}`);
    onPlayed(played.every(({ differences }) => differences.length === 0) ? 0 : 1);
    if (args.once) return;
    progress.say(describeSurroundings({ apiUrl, apiKey, standIns: { ...standIns }, logFiles: product.logFiles }));
    progress.say('\nEverything stays up until Ctrl-C.');
    await new Promise(() => {});
  };
  await Promise.race([playAll(), product.broken]);
}

/** Names and numbers of this run alone: what an interrupted run left behind goes on, and must not count here. */
function drawNames() {
  const runId = String(randomInt(1_000_000)).padStart(6, '0');
  return { runId, number: (story: number) => `+346${runId}${String(story).padStart(2, '0')}` };
}

function describeVerdict(played: readonly PlayedStory[]): string {
  const differing = played.filter(({ differences }) => differences.length > 0).length;
  return differing === 0 ? 'Every outcome was as scripted.' : `${differing} of ${played.length} outcomes differ.`;
}

async function main(): Promise<number> {
  const args = parseDemoArguments(process.argv.slice(2), process.env.WAYPOST_PORT);
  const progress = createProgress(process.stdout);
  if (args.help) {
    progress.say(usage);
    return 0;
  }
  const closing = createClosing();
  let exitCode = interruptedExitCode;
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    // Whoever read what we say has gone (`npm run demo | head`).
    process.stdout.on('error', () => resolve());
  });
  const onPlayed = (code: number) => {
    exitCode = code;
  };
  try {
    await Promise.race([
      runDemo({ args, closing, progress, onPlayed }),
      interrupted.then(() => progress.say('\nStopping…')),
    ]);
  } finally {
    await closing.closeAll();
  }
  return exitCode;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
