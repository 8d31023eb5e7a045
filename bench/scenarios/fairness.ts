import { setTimeout as sleep } from 'node:timers/promises';
import { acceptBatches } from '../batches.ts';
import { isComplete, openDeliveryBench, type Sender, type SubjectCounts } from '../deliveries.ts';
import { readUsage, shareOfForeigners, subtractUsage } from '../process-usage.ts';
import { describeCounts } from '../report.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describePercentiles, describeSpread, type Percentiles } from '../statistics.ts';
import { formatNumber, formatPercentiles, formatTable } from '../table.ts';

const crowdSize = 10_000;
/** Until the crowd's messages are due: long enough to accept all of them. */
const acceptWithinMs = 60_000;
const idleMessages = 20;
const idleEveryMs = 250;
const crowdedEveryMs = 500;

interface FairnessRun {
  readonly crowd: number;
  /** Accept to delivered of the other tenant's messages, one at a time. */
  readonly idleMs: Percentiles | null;
  readonly crowdedMs: Percentiles | null;
  readonly crowdedWorstMs: number | null;
  /** How many of them were sent while the crowd's messages were delivered, and how long that took. */
  readonly crowdedMessages: number;
  readonly crowdSeconds: number;
  readonly foreignCpuShare: number | null;
}

/** One tenant has 10,000 messages that are due at the same moment; another tenant sends one every half second meanwhile. */
export async function runFairness(context: BenchContext): Promise<ScenarioReport> {
  const { args, log } = context;
  const bench = await openDeliveryBench(context);
  const crowd = await bench.openSender('crowd');
  const other = await bench.openSender('other', { timeoutMs: 600_000 });
  const size = Math.max(100, Math.round(crowdSize * args.scale));
  const runs: FairnessRun[] = [];
  let crowdAccepted = 0;
  for (let round = 1; round <= args.rounds; round++) {
    const idle = await sendOneByOne(other, idleEveryMs, (sent) => sent < idleMessages);
    const dueAt = new Date(Date.now() + Math.max(10_000, acceptWithinMs * args.scale));
    crowdAccepted += await acceptBatches(bench, crowd, { count: size, sendAt: dueAt });
    if (Date.now() > dueAt.getTime()) throw new Error('The messages were due before all of them were accepted.');
    await sleep(dueAt.getTime() - Date.now());
    const [usageBefore, startedMs] = [readUsage(bench.pids), performance.now()];
    let isDrained = false;
    const draining = bench.drain(crowd.id, crowdAccepted).finally(() => (isDrained = true));
    const crowded = await sendOneByOne(other, crowdedEveryMs, () => !isDrained);
    await draining;
    const wallMs = performance.now() - startedMs;
    const run: FairnessRun = {
      crowd: size,
      idleMs: describePercentiles(idle),
      crowdedMs: describePercentiles(crowded),
      crowdedWorstMs: describeSpread(crowded)?.max ?? null,
      crowdedMessages: crowded.length,
      crowdSeconds: wallMs / 1_000,
      foreignCpuShare: shareOfForeigners(subtractUsage(usageBefore, readUsage(bench.pids)), wallMs),
    };
    runs.push(run);
    log(`round ${round}: ${describeRun(run).join(' | ')}`);
  }
  await bench.product.stop();
  const counts: SubjectCounts[] = [{ ...(await crowd.count()), accepted: crowdAccepted }, await other.count()];
  const machine = await describeServers(context, bench.servers);
  const late = runs.map(({ crowdedWorstMs, idleMs }) =>
    crowdedWorstMs === null || idleMs === null ? null : Math.max(0, crowdedWorstMs - 2 * idleMs.p50),
  );
  return {
    result: { machine, runs, counts },
    text: [
      ...introduce(machine, args),
      `${size} messages of one tenant are due at one moment; until they are delivered, another tenant sends one every ${crowdedEveryMs} ms. One line a round.`,
      '',
      ...formatTable([titles, ...runs.map(describeRun)]),
      '',
      ...describeCounts(counts),
    ].join('\n'),
    isComplete: counts.every(isComplete),
    figures: { fairnessLateMs: describeSpread(late)?.max ?? null },
  };
}

/** One message each `everyMs`, whatever became of the one before; the milliseconds from when each was due to its end. */
async function sendOneByOne(sender: Sender, everyMs: number, goesOn: (sent: number) => boolean): Promise<number[]> {
  const spentMs: number[] = [];
  const running: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let sent = 0; goesOn(sent); sent++) {
    const dueMs = startedMs + sent * everyMs;
    await sleep(Math.max(0, dueMs - performance.now()));
    const delivering = sender.subject.deliver().then(() => void spentMs.push(performance.now() - dueMs));
    // Its failure ends the run below, and not the process at once.
    delivering.catch(() => undefined);
    running.push(delivering);
  }
  await Promise.all(running);
  return spentMs;
}

const titles = [
  'due at once',
  'delivered in s',
  'idle p50 / p95 / p99 ms',
  'beside them p50 / p95 / p99 ms',
  'worst ms',
  'of so many',
  'foreign CPU %',
];

function describeRun(run: FairnessRun): string[] {
  return [
    formatNumber(run.crowd, 0),
    formatNumber(run.crowdSeconds, 1),
    formatPercentiles(run.idleMs, 0),
    formatPercentiles(run.crowdedMs, 0),
    formatNumber(run.crowdedWorstMs ?? NaN, 0),
    String(run.crowdedMessages),
    formatNumber((run.foreignCpuShare ?? NaN) * 100, 0),
  ];
}
