import { isComplete, openDeliveryBench } from '../deliveries.ts';
import { createRandom, drive } from '../driver.ts';
import { plotLines } from '../plot.ts';
import { readRssMb, readUsage, shareOfForeigners, subtractUsage } from '../process-usage.ts';
import { describeCounts } from '../report.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describePercentiles, describeSpread } from '../statistics.ts';
import { formatNumber, formatPercentiles, formatTable } from '../table.ts';

const ratePerSecond = 25;
const warmUpMs = 120_000;
const windowMs = 480_000;
const sampleMs = 5_000;
/** A collector's sawtooth is wider than a single sample. */
const endMs = 60_000;

interface RssSample {
  readonly atMs: number;
  readonly mb: Readonly<Record<string, number>>;
}

/** Ten minutes at 25/s, 15,000 messages: what api and worker hold in minute 10, of what they held in minute 2. */
export async function runSoak(context: BenchContext): Promise<ScenarioReport> {
  const { args } = context;
  const bench = await openDeliveryBench(context);
  const sender = await bench.openSender('waypost');
  const samples: RssSample[] = [];
  const startedMs = performance.now();
  const pids = Object.entries(bench.product.pids);
  const timer = setInterval(() => {
    const mb = Object.fromEntries(pids.map(([name, pid]) => [name, readRssMb(pid) ?? NaN]));
    samples.push({ atMs: performance.now() - startedMs, mb });
  }, sampleMs * args.scale);
  const driven = await drive({
    deliver: sender.subject.deliver,
    load: { kind: 'open', ratePerSecond },
    warmUpMs: warmUpMs * args.scale,
    windowMs: windowMs * args.scale,
    random: createRandom(1),
    read: () => readUsage(bench.pids),
  }).finally(() => clearInterval(timer));
  await bench.drain(sender.id, sender.subject.accepted());
  await bench.product.stop();
  const counts = await sender.count();
  const machine = await describeServers(context, bench.servers);
  const medianBefore = (name: string, untilMs: number) => {
    const fromMs = untilMs - endMs;
    const within = samples.filter(({ atMs }) => atMs >= fromMs * args.scale && atMs < untilMs * args.scale);
    return describeSpread(within.map(({ mb }) => mb[name]))?.median ?? NaN;
  };
  const rows = pids.map(([name]) => {
    const [early, late] = [medianBefore(name, warmUpMs), medianBefore(name, warmUpMs + windowMs)];
    return { name, early, late, ratio: late / early };
  });
  const foreign = shareOfForeigners(subtractUsage(driven.opened, driven.closed), driven.closedMs - driven.openedMs);
  const spentMs = driven.samples.map(({ doneMs, dueMs }) => doneMs - dueMs);
  return {
    result: { machine, samples, counts, failures: driven.failures },
    text: [
      ...introduce(machine, args),
      `${driven.samples.length} messages at ${ratePerSecond}/s, ${driven.failures.length} failed; to the end ` +
        `${formatPercentiles(describePercentiles(spentMs), 0)} ms (p50 / p95 / p99); foreign CPU ${formatNumber((foreign ?? NaN) * 100, 0)} %.`,
      '',
      ...formatTable([
        ['RSS, median of a minute', 'minute 2, MB', 'minute 10, MB', 'ratio'],
        ...rows.map(({ name, early, late, ratio }) => [
          name,
          ...[early, late].map((mb) => formatNumber(mb, 0)),
          formatNumber(ratio, 2),
        ]),
      ]),
      '',
      ...describeCounts([counts]),
    ].join('\n'),
    isComplete: isComplete(counts),
    figures: { soakRss: Math.max(...rows.map(({ ratio }) => ratio)) },
    plots: {
      rss: plotLines({
        title: `RSS in MB, ${ratePerSecond} messages a second`,
        xTitle: 'seconds',
        lines: pids.map(([name]) => ({
          name,
          points: samples.map(({ atMs, mb }) => [atMs / 1_000, mb[name] ?? 0] as const),
        })),
      }),
    },
  };
}
