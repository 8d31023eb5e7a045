import { subscribe } from '../api-client.ts';
import type { Figures } from '../budgets.ts';
import { type DeliveryBench, isComplete, openDeliveryBench, type Sender, type SubjectCounts } from '../deliveries.ts';
import type { Load } from '../driver.ts';
import { type Measurement, sumCpuMs } from '../measurement.ts';
import { installPeers, openPeer } from '../peers.ts';
import { startBenchProcess } from '../processes.ts';
import type { FloorOrder, FloorWord } from '../processes/floor.ts';
import { describeCounts, describeMeasurements, plotMeasurements } from '../report.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce } from '../servers.ts';
import { describeSpread } from '../statistics.ts';
import { createFloorSubject } from '../subjects.ts';

const closedLoad = 'closed';
const subscribed = 'waypost, one subscriber';

interface Run {
  readonly context: BenchContext;
  readonly bench: DeliveryBench;
  readonly waypost: Sender;
  readonly loads: readonly Load[];
  readonly measurements: Measurement[];
}

/** Messages beside the empty workflow W0 and the peers in the same rounds: closed loops for the rate, open ones for latency. */
export function runHealthy(context: BenchContext): Promise<ScenarioReport> {
  return runMessages(context, openNeighbours);
}

/** The same messages by turns without and with a webhook endpoint that is told of two types of events. */
export function runWebhooks(context: BenchContext): Promise<ScenarioReport> {
  return runMessages(context, async ({ bench, waypost, loads, measurements }) => ({
    peerCounts: () => [],
    async runRound(round) {
      for (const load of loads) {
        measurements.push(await bench.measure(round, waypost.subject, load));
        await bench.drain(waypost.id, waypost.subject.accepted());
        const unsubscribe = await subscribe(
          bench.product.apiUrl,
          waypost,
          `${bench.sink.urlOf(waypost.name)}/subscriber`,
        );
        measurements.push(await bench.measure(round, { ...waypost.subject, name: subscribed }, load));
        await bench.drain(waypost.id, waypost.subject.accepted());
        await unsubscribe();
      }
    },
  }));
}

interface Neighbours {
  runRound(round: number): Promise<void>;
  peerCounts(): readonly SubjectCounts[];
}

/** A round: W0, then Waypost under each load, then each peer under each load. */
async function openNeighbours({ context, bench, waypost, loads, measurements }: Run): Promise<Neighbours> {
  const { args, closing, log } = context;
  const { servers, sink } = bench;
  if (args.peers.length > 0) installPeers(log);
  const floor = await closing.open(startBenchProcess<FloorOrder, FloorWord>('floor', servers.environment));
  await floor.waitFor((word) => word.kind === 'ready');
  const floorSubject = createFloorSubject(floor, servers.pids);
  const peerCounts = new Map<string, SubjectCounts>();
  return {
    peerCounts: () => [...peerCounts.values()],
    async runRound(round) {
      const [closed = { kind: 'closed', concurrency: args.concurrency }] = loads;
      const bare = await bench.measure(round, floorSubject, closed);
      measurements.push(bare);
      for (const load of loads) {
        const floorPerSecond = load.kind === 'closed' ? bare.donePerSecond : null;
        measurements.push(await bench.measure(round, waypost.subject, load, { floorPerSecond }));
        // What an overloaded loop left behind must neither disturb the next one nor be missing from the last count.
        await bench.drain(waypost.id, waypost.subject.accepted());
      }
      for (const name of args.peers) {
        const peer = await closing.open(openPeer(name, servers, sink));
        for (const load of loads) {
          const floorPerSecond = load.kind === 'closed' ? bare.donePerSecond : null;
          measurements.push(await bench.measure(round, peer.subject, load, { hasWorkflows: false, floorPerSecond }));
        }
        const before = peerCounts.get(name);
        peerCounts.set(name, {
          subject: name,
          accepted: (before?.accepted ?? 0) + peer.subject.accepted(),
          rowsByState: addCounts(before?.rowsByState ?? {}, await peer.countRows()),
          sink: await sink.count(name),
        });
        await peer.stop();
      }
    },
  };
}

async function runMessages(context: BenchContext, open: (run: Run) => Promise<Neighbours>): Promise<ScenarioReport> {
  const { args } = context;
  const bench = await openDeliveryBench(context);
  const { database } = bench.servers;
  const waypost = await bench.openSender('waypost');
  const loads: readonly Load[] = [
    { kind: 'closed', concurrency: args.concurrency },
    ...args.rates.map((ratePerSecond) => ({ kind: 'open', ratePerSecond }) as const),
  ];
  const measurements: Measurement[] = [];
  const neighbours = await open({ context, bench, waypost, loads, measurements });
  const transactionsBefore = await database.countTransactions();
  for (let round = 1; round <= args.rounds; round++) await neighbours.runRound(round);
  // Before the last counts: connections tell the database's statistics of themselves when they end.
  await bench.product.stop();
  const counts = [await waypost.count(), ...neighbours.peerCounts()];
  const transactions = (await database.countTransactions()) - transactionsBefore;
  const transactionsPerMessage = transactions / Math.max(1, waypost.subject.accepted());
  const machine = await describeServers(context, bench.servers);
  return {
    result: { machine, measurements, counts, transactionsPerMessage },
    text: [
      ...introduce(machine, args),
      ...describeMeasurements(measurements),
      '',
      ...describeCounts(counts),
      `${transactionsPerMessage.toFixed(2)} transactions in Waypost's database for each message, sweeps and health checks included.`,
    ].join('\n'),
    isComplete: counts.every(isComplete),
    figures: findFigures(measurements, context),
    plots: plotMeasurements(measurements),
  };
}

function findFigures(measurements: readonly Measurement[], { args }: BenchContext): Figures {
  const median = (subject: string, load: string, choose: (each: Measurement) => number | null | undefined) =>
    describeSpread(measurements.filter((each) => each.subject === subject && each.load.startsWith(load)).map(choose))
      ?.median ?? null;
  const rate = (subject: string) => median(subject, closedLoad, (each) => each.donePerSecond);
  const ofFloor = median('waypost', closedLoad, (each) => each.shareOfFloor);
  const cpuMs = median('waypost', closedLoad, sumCpuMs);
  if (args.scenario === 'webhooks') return { webhookCpu: divide(median(subscribed, closedLoad, sumCpuMs), cpuMs) };
  const isSingle = args.productSettings['WAYPOST_MESSAGES_PER_WORKFLOW'] === '1';
  if (isSingle) return { singleOfFloor: ofFloor };
  // Latency is promised for what users deploy; the dev server is for development.
  const latency =
    args.server === 'postgres'
      ? {
          deliveredP95At25Ms: median('waypost', 'open, 25/s', (each) => each.doneMs?.p95),
          deliveredP95At50Ms: median('waypost', 'open, 50/s', (each) => each.doneMs?.p95),
          acceptP95At50Ms: median('waypost', 'open, 50/s', (each) => each.acceptMs?.p95),
        }
      : {};
  const isPromised = args.concurrency === 50;
  return isPromised && args.server === 'dev'
    ? { healthyOfFloor: ofFloor, healthyOfDbos: divide(rate('waypost'), rate('dbos')), healthyCpuMs: cpuMs }
    : latency;
}

function divide(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

function addCounts(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
