import { acceptBatches } from '../batches.ts';
import { readClockMs } from '../clock.ts';
import { type DeliveryBench, openDeliveryBench, type Sender } from '../deliveries.ts';
import { readUsage, type RssGrowth, shareOfForeigners, subtractUsage, watchRss } from '../process-usage.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describeSpread } from '../statistics.ts';
import { formatMedian, formatRange, formatTable } from '../table.ts';

const messageCount = 10_000;

interface BulkRun {
  readonly count: number;
  readonly delivered: number;
  readonly sends: number;
  /** From the first request: to the last 202, and to the last 200 to a callback. */
  readonly acceptMs: number;
  readonly spentMs: number;
  readonly cpuMs: Readonly<Record<string, number | null>>;
  readonly walBytes: number;
  readonly rss: Readonly<Record<string, RssGrowth>>;
  readonly foreignCpuShare: number | null;
}

/** 10,000 messages by `/v1/messages/batch`, as fast as they are taken, until the last is delivered. */
export async function runBulk(context: BenchContext): Promise<ScenarioReport> {
  const { args, log } = context;
  const bench = await openDeliveryBench(context);
  const count = Math.max(100, Math.round(messageCount * args.scale));
  const sender = await bench.openSender('waypost');
  // An api and a worker that have just started spend half as much again on a message.
  await deliverAll(bench, sender, Math.round(count / 5));
  const runs: BulkRun[] = [];
  for (let round = 1; round <= args.rounds; round++) {
    const run = await deliverAll(bench, sender, count);
    runs.push(run);
    log(`round ${round}: ${run.delivered} of ${count} in ${(run.spentMs / 1_000).toFixed(1)} s`);
  }
  await bench.product.stop();
  const machine = await describeServers(context, bench.servers);
  const isComplete = runs.every((run) => run.delivered === run.count && run.sends === run.count);
  const names = Object.keys(runs[0]?.cpuMs ?? {});
  const pick = (choose: (run: BulkRun) => number | null | undefined) => runs.map(choose);
  const growth = (name: string) =>
    (['beforeMb', 'peakMb', 'afterMb'] as const)
      .map((at) =>
        formatMedian(
          pick(({ rss }) => rss[name]?.[at]),
          0,
        ),
      )
      .join(' / ');
  const text = [
    ...introduce(machine, args),
    `${count} messages of one tenant, two batches of 500 under way at a time. From the first request; CPU ms for each message.`,
    '',
    ...formatTable([
      [
        'accepted/s',
        'delivered/s',
        'seconds',
        ...names,
        'sum CPU ms',
        'WAL kB each',
        'api RSS MB',
        'worker RSS MB',
        'foreign CPU %',
      ],
      [
        formatRange(
          pick((run) => (run.count * 1_000) / run.acceptMs),
          0,
        ),
        formatRange(pick(perSecond), 0),
        formatRange(
          pick(({ spentMs }) => spentMs / 1_000),
          1,
        ),
        ...names.map((name) =>
          formatMedian(
            pick(({ cpuMs }) => cpuMs[name]),
            2,
          ),
        ),
        formatRange(pick(sumCpu), 2),
        formatMedian(
          pick((run) => run.walBytes / run.count / 1_024),
          1,
        ),
        growth('api'),
        growth('worker'),
        formatRange(
          pick(({ foreignCpuShare }) => (foreignCpuShare ?? NaN) * 100),
          0,
        ),
      ],
    ]),
    '',
    isComplete
      ? 'Each was delivered and sent once.'
      : `**Not complete**: ${JSON.stringify(pick(({ delivered }) => delivered))}`,
  ].join('\n');
  return {
    result: { machine, runs },
    text,
    isComplete,
    figures: {
      bulkPerSecond: describeSpread(pick(perSecond))?.median ?? null,
      bulkCpuMs: describeSpread(pick(sumCpu))?.median ?? null,
    },
  };
}

const perSecond = ({ delivered, spentMs }: BulkRun) => (delivered * 1_000) / spentMs;

function sumCpu({ cpuMs }: BulkRun): number | null {
  return Object.values(cpuMs).reduce<number | null>(
    (sum, each) => (sum === null || each === null ? null : sum + each),
    0,
  );
}

async function deliverAll(bench: DeliveryBench, sender: Sender, count: number): Promise<BulkRun> {
  const { database } = bench.servers;
  const before = await sender.count();
  const walBefore = await database.readWalBytes();
  const watched = { ...bench.product.pids, ...bench.servers.pids };
  const usageBefore = readUsage({ ...watched, ...bench.benchPids });
  const watch = watchRss(bench.product.pids);
  const startedMs = readClockMs();
  await acceptBatches(bench, sender, { count });
  const acceptMs = readClockMs() - startedMs;
  const lastMs = await bench.sink.waitForDelivered(before.sink.jobs + count);
  const spent = subtractUsage(usageBefore, readUsage({ ...watched, ...bench.benchPids }));
  const wallMs = readClockMs() - startedMs;
  const rss = watch.end();
  const deliveredBefore = before.rowsByState['delivered'] ?? 0;
  const delivered = (await bench.drain(sender.id, deliveredBefore + count)) - deliveredBefore;
  return {
    count,
    delivered,
    sends: (await sender.count()).sink.sends - before.sink.sends,
    acceptMs,
    spentMs: lastMs - startedMs,
    cpuMs: Object.fromEntries(
      Object.keys(watched).map((name) => [
        name,
        typeof spent.cpuMs[name] === 'number' ? spent.cpuMs[name] / count : null,
      ]),
    ),
    walBytes: (await database.readWalBytes()) - walBefore,
    rss,
    foreignCpuShare: shareOfForeigners(spent, wallMs),
  };
}
