/** `npm run chaos`: breaks everything around running deliveries, and then counts what was accepted against what came. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Closing, createClosing } from '../demo/closing.ts';
import { type ChaosArguments, parseChaosArguments, usage } from './arguments.ts';
import { createDice } from './dice.ts';
import { type Accepted, handOver } from './hand-over.ts';
import { isClean, judge, type Verdict } from './judge.ts';
import { createMisbehaviour, type Misbehaviour } from './misbehaviour.ts';
import { breakThings, planOutages } from './outages.ts';
import { countOpen, readRecord, type RunRecord } from './record.ts';
import { findFailedTasks, planReleases } from './releases.ts';
import { describeRun } from './report.ts';
import { openSurroundings, type Surroundings } from './surroundings.ts';
import { tamper } from './tamper.ts';
import { planWorkload } from './workload.ts';

const interruptedExitCode = 130;
/** The outages take about so long, and the traffic goes on through all of them. */
const trafficMs = 110_000;
const trafficOfReleasesMs = 180_000;
const settleTimeoutMs = 240_000;
const completeTimeoutMs = 90_000;
const lookEveryMs = 1_000;

const recordFile = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'chaos.json');
const print = (text: string) => process.stdout.write(`${text}\n`);
const log = (line: string) => process.stderr.write(`${line}\n`);

async function run({ seed, jobs, tampering, beside }: ChaosArguments, closing: Closing): Promise<number> {
  const dice = createDice(seed);
  const misbehaviour = createMisbehaviour(dice);
  const surroundings = await openSurroundings(closing, { misbehaviour, checkout: beside, log });
  const happening = beside === null ? 'things break' : 'one release replaces another';
  log(`Handing over ${jobs} jobs while ${happening} (seed ${seed})…`);
  const submissions = planWorkload(dice, jobs);
  const [accepted, outages] = await Promise.all([
    handOver(surroundings.tenant, submissions, {
      dice,
      everyMs: (beside === null ? trafficMs : trafficOfReleasesMs) / jobs,
    }),
    breakThings(surroundings, { outages: beside === null ? planOutages(dice) : planReleases(beside), log }),
  ]);
  await settle(surroundings);
  const failedTasks = beside === null ? [] : await findFailedTasks(surroundings);
  const verdict = await judgeRun(surroundings, accepted, { misbehaviour, tampering, failedTasks });
  print(`\nseed ${seed}, ${jobs} jobs${tampering === null ? '' : `, falsified: ${tampering}`}\n`);
  print(describeRun(outages, verdict));
  return isClean(verdict) ? 0 : 1;
}

/** Waits until every accepted job is final, or the bound is reached: what is open then is lost. */
async function settle(surroundings: Surroundings): Promise<void> {
  const deadlineMs = Date.now() + settleTimeoutMs;
  let open = await countOpen(surroundings);
  while (open > 0 && Date.now() < deadlineMs) {
    await sleep(lookEveryMs);
    open = await countOpen(surroundings);
  }
  log(open === 0 ? 'Everything is final.' : `${open} jobs are not final.`);
}

/** KPI events, webhooks and callbacks are told after the fact: they get a while of their own. */
async function judgeRun(
  surroundings: Surroundings,
  accepted: readonly Accepted[],
  options: {
    readonly misbehaviour: Misbehaviour;
    readonly tampering: ChaosArguments['tampering'];
    readonly failedTasks: readonly string[];
  },
): Promise<Verdict> {
  const { misbehaviour, tampering, failedTasks } = options;
  const deadlineMs = Date.now() + completeTimeoutMs;
  for (;;) {
    const record = await readRecord(surroundings, accepted, misbehaviour, failedTasks);
    const verdict = judge(record);
    if (isClean(verdict) || Date.now() >= deadlineMs) {
      writeRecord(record);
      return tampering === null ? verdict : judge(tamper(record, tampering));
    }
    await sleep(5 * lookEveryMs);
  }
}

/** For whoever wants to know what became of a job that the table names. */
function writeRecord(record: RunRecord): void {
  const kept = { ...record, webhookIds: [...record.webhookIds], reported: [...record.reported] };
  writeFileSync(recordFile, `${JSON.stringify(kept, null, 1)}\n`);
  log(`What was seen of every job: ${recordFile}`);
}

async function main(): Promise<number> {
  const args = parseChaosArguments(process.argv.slice(2));
  if (args.help) {
    print(usage);
    return 0;
  }
  const closing = createClosing();
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(interruptedExitCode));
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
