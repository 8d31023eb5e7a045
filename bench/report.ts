import { isComplete, type SubjectCounts } from './deliveries.ts';
import { type Measurement, sumCpuMs } from './measurement.ts';
import { plotBars } from './plot.ts';
import type { Percentiles } from './statistics.ts';
import { describeSpread } from './statistics.ts';
import { formatMedian, formatRange, formatTable } from './table.ts';

type Rounds = readonly Measurement[];
type Choose = (measurement: Measurement) => number | null | undefined;

interface Column {
  readonly title: string;
  readonly cell: (rounds: Rounds) => string;
}

const speed: readonly Column[] = [
  { title: 'done/s', cell: range((each) => each.donePerSecond, 1) },
  { title: '× W0', cell: range((each) => each.shareOfFloor, 2) },
  { title: 'accept p50 / p95 / p99 ms', cell: percentiles((each) => each.acceptMs) },
  { title: 'to the end p50 / p95 / p99 ms', cell: percentiles((each) => each.doneMs) },
  { title: 'its p95', cell: range((each) => each.doneMs?.p95, 0) },
];

/** The process a peer is made of does the work of both api and worker. */
const processNames = ['api', 'worker', 'peer', 'postgres', 'temporal'] as const;

const cost: readonly Column[] = [
  ...processNames.map((name) => ({ title: name, cell: median((each) => each.cpuMs[name], 1) })),
  { title: 'sum CPU ms', cell: range(sumCpuMs, 1) },
  { title: 'bench', cell: median((each) => each.benchCpuMs, 1) },
  { title: 'events (max)', cell: describeEvents },
  { title: 'tasks', cell: median((each) => each.history?.workflowTasks.median, 0) },
  { title: 'WAL kB', cell: median((each) => each.walBytes / 1_024, 1) },
  {
    title: 'RSS MB api, worker',
    cell: (rounds) => ['api', 'worker'].map((name) => median((each) => each.rssMb[name], 0)(rounds)).join(', '),
  },
  { title: 'foreign CPU %', cell: range((each) => (each.foreignCpuShare ?? NaN) * 100, 0) },
];

/** Two tables, what took how long and what cost how much, a line for each subject and load; failures below. */
export function describeMeasurements(measurements: Rounds): string[] {
  const failures = measurements.filter((each) => each.failures.length > 0);
  return [
    'From the request (open loop: from when it was due) to the 202, and to the 200 to the last callback.',
    '',
    ...formatTable(tabulate(measurements, speed)),
    '',
    'CPU ms for each unit of work, by process; the worker of W0 is its client too; "bench" is driver and sink, not in the sum.',
    '',
    ...formatTable(tabulate(measurements, cost)),
    // Refused, or later than a measurement waits: they are in no percentile, so they have to be told.
    ...failures.map(
      (each) =>
        `\nRound ${each.round}, ${each.subject}, ${each.load}: ${each.failures.length} **failed**, such as: ${each.failures[0]}`,
    ),
  ];
}

export function describeCounts(counts: readonly SubjectCounts[]): string[] {
  return counts.map((each) => {
    const { subject, accepted, rowsByState, sink } = each;
    const states = Object.entries(rowsByState).map(([state, count]) => `${count} ${state}`);
    const size = Math.round(sink.bodyBytes / Math.max(1, sink.sends));
    return (
      `${subject}: accepted ${accepted}; rows ${states.join(', ')}; ${sink.jobs} messages in ${sink.sends} sends of ${size} bytes, ` +
      `${sink.refusedCallbacks} callbacks refused, ${sink.webhooks} events at a subscriber. ` +
      (isComplete(each) ? 'Nothing lost, nothing sent twice.' : '**Not complete**: these counts have to agree.')
    );
  });
}

/** The CPU of a unit of work by process, a bar for each subject and load. */
export function plotMeasurements(measurements: Rounds): Readonly<Record<string, string>> {
  const bars = groupByName(measurements).map(([label, rounds]) => ({
    label,
    parts: processNames.flatMap((name) => {
      const value = describeSpread(rounds.map(({ cpuMs }) => cpuMs[name]))?.median;
      return value === undefined ? [] : [{ name, value }];
    }),
    note: `${formatMedian(
      rounds.map(({ donePerSecond }) => donePerSecond),
      0,
    )}/s`,
  }));
  return {
    cpu: plotBars({ title: 'CPU ms for each message, by process; messages per second', names: processNames, bars }),
  };
}

function groupByName(measurements: Rounds): (readonly [string, Rounds])[] {
  const names = new Set(measurements.map(({ subject, load }) => `${subject}, ${load}`));
  return [...names].map((name) => [name, measurements.filter(({ subject, load }) => `${subject}, ${load}` === name)]);
}

function tabulate(measurements: Rounds, columns: readonly Column[]): string[][] {
  const rows = groupByName(measurements).map(([name, rounds]) => [name, ...columns.map(({ cell }) => cell(rounds))]);
  return [['subject, load', ...columns.map(({ title }) => title)], ...rows];
}

function range(choose: Choose, digits: number): Column['cell'] {
  return (rounds) => formatRange(rounds.map(choose), digits);
}

function median(choose: Choose, digits: number): Column['cell'] {
  return (rounds) => formatMedian(rounds.map(choose), digits);
}

function percentiles(choose: (measurement: Measurement) => Percentiles | null): Column['cell'] {
  return (rounds) => {
    const cells = (['p50', 'p95', 'p99'] as const).map((name) => median((each) => choose(each)?.[name], 0)(rounds));
    return cells.every((cell) => cell === '–') ? '–' : cells.join(' / ');
  };
}

function describeEvents(rounds: Rounds): string {
  const most = describeSpread(rounds.map((each) => each.history?.events.max));
  return most === null ? '–' : `${median((each) => each.history?.events.median, 0)(rounds)} (${most.max})`;
}
