import { type DeliveryBench, isComplete, openDeliveryBench, type Sender } from '../deliveries.ts';
import { createRandom, drive } from '../driver.ts';
import { plotLines } from '../plot.ts';
import { readUsage, shareOfForeigners, subtractUsage } from '../process-usage.ts';
import { describeCounts } from '../report.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describePercentiles, describeSpread, type Percentiles } from '../statistics.ts';
import { formatNumber, formatPercentiles, formatTable } from '../table.ts';

/** Enough to fill pages, so that the peak is what the product can do at most. */
const peakInFlight = 300;
const timesCapacity = 3;
const offeredMs = 60_000;
/** Until the queue is there. */
const settleMs = 10_000;
const patienceMs = 600_000;

interface OverloadRun {
  readonly round: number;
  readonly peakPerSecond: number;
  readonly offeredPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly accepted: number;
  /** Answered with another status than 202: by the first words of the answer. */
  readonly refused: Readonly<Record<string, number>>;
  readonly acceptMs: Percentiles | null;
  readonly doneMs: Percentiles | null;
  /** From the last request that was due to the last delivery. */
  readonly drainSeconds: number;
  readonly foreignCpuShare: number | null;
  /** Each second since the beginning: requests that were due, accepted and delivered in it. */
  readonly timeline: readonly (readonly [due: number, accepted: number, delivered: number])[];
}

/** Three times what it can do, offered in an open loop for a minute: it has to keep its pace, lose nothing, and drain. */
export async function runOverload(context: BenchContext): Promise<ScenarioReport> {
  const { args, log } = context;
  const bench = await openDeliveryBench(context);
  const sender = await bench.openSender('waypost', { timeoutMs: patienceMs });
  const runs: OverloadRun[] = [];
  for (let round = 1; round <= args.rounds; round++) {
    const peak = await bench.measure(round, sender.subject, { kind: 'closed', concurrency: peakInFlight });
    const run = await overload(bench, sender, {
      round,
      peakPerSecond: peak.donePerSecond,
      lengthMs: offeredMs * args.scale,
    });
    runs.push(run);
    log(`round ${round}: ${describeRun(run).join(' | ')}`);
    await bench.drain(sender.id, sender.subject.accepted());
  }
  await bench.product.stop();
  const counts = await sender.count();
  const machine = await describeServers(context, bench.servers);
  const ofPeak = runs.map((run) => (run.peakPerSecond === 0 ? null : run.deliveredPerSecond / run.peakPerSecond));
  return {
    result: { machine, runs, counts },
    text: [
      ...introduce(machine, args),
      `Peak: a closed loop with ${peakInFlight} in flight. Then ${timesCapacity} × the peak in an open loop for ${(offeredMs * args.scale) / 1_000} s; ` +
        `delivered/s from its ${settleMs / 1_000}th second to its last. One line a round.`,
      '',
      ...formatTable([titles, ...runs.map(describeRun)]),
      '',
      ...describeCounts([counts]),
    ].join('\n'),
    isComplete: isComplete(counts),
    figures: { overloadOfPeak: describeSpread(ofPeak)?.median ?? null },
    plots: { timeline: plotTimeline(runs[0]) },
  };
}

async function overload(
  bench: DeliveryBench,
  { subject }: Sender,
  { round, peakPerSecond, lengthMs }: { round: number; peakPerSecond: number; lengthMs: number },
): Promise<OverloadRun> {
  const ratePerSecond = Math.max(1, timesCapacity * peakPerSecond);
  const driven = await drive({
    deliver: subject.deliver,
    load: { kind: 'open', ratePerSecond },
    warmUpMs: Math.min(settleMs, lengthMs / 2),
    windowMs: lengthMs - Math.min(settleMs, lengthMs / 2),
    random: createRandom(round),
    read: () => readUsage(bench.pids),
  });
  const { samples, failures, openedMs, closedMs } = driven;
  const done = samples.filter(({ doneMs }) => doneMs >= openedMs && doneMs < closedMs);
  const startedMs = closedMs - lengthMs;
  const lastMs = Math.max(closedMs, ...samples.map(({ doneMs }) => doneMs));
  const refused: Record<string, number> = {};
  for (const failure of failures) {
    const words = failure.slice(0, 40);
    refused[words] = (refused[words] ?? 0) + 1;
  }
  const timeline = Array.from({ length: Math.ceil((lastMs - startedMs) / 1_000) + 1 }, (): [number, number, number] => [
    0, 0, 0,
  ]);
  const note = (atMs: number | null, column: 0 | 1 | 2) => {
    const second = atMs === null ? undefined : timeline[Math.floor((atMs - startedMs) / 1_000)];
    if (second !== undefined) second[column] += 1;
  };
  for (const { dueMs, acceptedMs, doneMs } of samples) {
    note(dueMs, 0);
    note(acceptedMs, 1);
    note(doneMs, 2);
  }
  return {
    round,
    peakPerSecond,
    offeredPerSecond: ratePerSecond,
    deliveredPerSecond: (done.length * 1_000) / (closedMs - openedMs),
    accepted: samples.length,
    refused,
    acceptMs: describePercentiles(samples.map(({ acceptedMs, dueMs }) => (acceptedMs ?? NaN) - dueMs)),
    doneMs: describePercentiles(samples.map(({ doneMs, dueMs }) => doneMs - dueMs)),
    drainSeconds: (lastMs - closedMs) / 1_000,
    foreignCpuShare: shareOfForeigners(subtractUsage(driven.opened, driven.closed), closedMs - openedMs),
    timeline,
  };
}

const titles = [
  'peak/s',
  'offered/s',
  'delivered/s',
  'of the peak',
  'delivered',
  'refused',
  'accept p50 / p95 / p99 ms',
  'to the end p50 / p95 / p99 ms',
  'drained in s',
  'foreign CPU %',
];

function describeRun(run: OverloadRun): string[] {
  const refused = Object.entries(run.refused).map(([words, count]) => `${count} × ${words}`);
  return [
    formatNumber(run.peakPerSecond, 0),
    formatNumber(run.offeredPerSecond, 0),
    formatNumber(run.deliveredPerSecond, 0),
    formatNumber(run.deliveredPerSecond / run.peakPerSecond, 2),
    String(run.accepted),
    refused.join(', ') || '0',
    formatPercentiles(run.acceptMs, 0),
    formatPercentiles(run.doneMs, 0),
    formatNumber(run.drainSeconds, 1),
    formatNumber((run.foreignCpuShare ?? NaN) * 100, 0),
  ];
}

function plotTimeline(run: OverloadRun | undefined): string {
  const names = ['due', 'accepted', 'delivered'] as const;
  return plotLines({
    title: 'Three times its capacity: messages each second, due, accepted and delivered',
    xTitle: 'seconds',
    lines: names.map((name, column) => ({
      name,
      points: (run?.timeline ?? []).map((second, index) => [index, second[column] ?? 0] as const),
    })),
  });
}
