import { describeBudgets } from './budget.ts';
import { judgeBudgets } from './budgets.ts';
import type { HealthyResult } from './healthy-result.ts';
import type { Measurement } from './measurement.ts';
import { introduce } from './servers.ts';
import { describeSpread, type Percentiles } from './statistics.ts';
import { formatTable } from './table.ts';

type Choose = (measurement: Measurement) => number | null | undefined;

interface Column {
  readonly title: string;
  readonly cell: (rounds: readonly Measurement[]) => string;
}

const speed: readonly Column[] = [
  { title: 'done/s', cell: withRange((each) => each.donePerSecond, 1) },
  { title: '× W0', cell: withRange((each) => each.shareOfFloor, 2) },
  { title: 'accept p50/p95/p99 ms', cell: percentilesOf((each) => each.acceptMs) },
  { title: 'to the end p50/p95/p99 ms', cell: percentilesOf((each) => each.doneMs) },
  { title: 'its p95', cell: withRange((each) => each.doneMs?.p95, 0) },
];

const cost: readonly Column[] = [
  { title: 'api', cell: medianOf((each) => each.cpuMs['api'], 1) },
  { title: 'worker', cell: medianOf((each) => each.cpuMs['worker'], 1) },
  { title: 'postgres', cell: medianOf((each) => each.cpuMs['postgres'], 1) },
  { title: 'temporal', cell: medianOf((each) => each.cpuMs['temporal'], 1) },
  { title: 'sum CPU ms', cell: withRange(sumCpuMs, 1) },
  { title: 'bench', cell: medianOf((each) => each.benchCpuMs, 1) },
  { title: 'events (max)', cell: (rounds) => describeEvents(rounds) },
  { title: 'tasks', cell: medianOf((each) => each.history?.workflowTasks.median, 0) },
  { title: 'WAL kB', cell: medianOf((each) => each.walBytes / 1_024, 1) },
  { title: 'RSS MB api/worker', cell: (rounds) => describeRss(rounds) },
  { title: 'foreign CPU', cell: withRange((each) => (each.foreignCpuShare ?? NaN) * 100, 0) },
];

/** The whole result as text: machine, what was measured, two tables, budgets, the count of what was lost. */
export function describeResult(result: HealthyResult): string {
  const { machine, settings, accepted, jobsByState, sink, transactionsPerMessage } = result;
  const states = Object.entries(jobsByState).map(([state, count]) => `${count} ${state}`);
  return [
    ...introduce(machine),
    `${settings.rounds} rounds, windows of ${settings.seconds} s; NODE_ENV=production, LOG_LEVEL=warn; one api, one worker;` +
      ` callbacks ${settings.statuses.join(', ')} after 5 ms; load average ${describeLoadAverages(result)}`,
    'Median of the rounds, (min–max). From the request (open loop: from when it was due) to the 202, and to the 200 to the callback.',
    '',
    ...formatTable(tabulate(result, speed)),
    '',
    'CPU ms for each unit of work, by process; the worker of W0 is its client too; "bench" is driver and sink, not in the sum.',
    ...formatTable(tabulate(result, cost)),
    '',
    `accepted ${accepted}; rows ${states.join(', ')}; sink ${sink.jobs} messages in ${sink.sends} sends of ` +
      `${Math.round(sink.bodyBytes / Math.max(1, sink.sends))} bytes, ${sink.refusedCallbacks} callbacks refused, ${sink.webhooks} events at the subscriber. ` +
      (isComplete(result) ? 'Nothing lost, nothing sent twice.' : 'NOT COMPLETE: these counts have to agree.'),
    ...listFailures(result),
    `${transactionsPerMessage.toFixed(2)} transactions of ours for each message, from the request to its final row.`,
    '',
    ...describeBudgets(judgeBudgets(result)),
  ].join('\n');
}

/** Whether callers, database and sink counted the same. */
export function isComplete({ accepted, jobsByState, sink }: HealthyResult): boolean {
  const rows = Object.values(jobsByState).reduce((sum, count) => sum + count, 0);
  const counts = [rows, jobsByState['delivered'] ?? 0, sink.jobs, sink.sends];
  return counts.every((count) => count === accepted);
}

/** Refused, or later than a measurement waits: they are in no percentile, so they have to be told. */
function listFailures({ measurements }: HealthyResult): string[] {
  return measurements.flatMap(({ round, subject, load, failures }) =>
    failures.length === 0
      ? []
      : [`round ${round}, ${subject}, ${load}: ${failures.length} FAILED, such as: ${failures[0]}`],
  );
}

function tabulate({ measurements }: HealthyResult, columns: readonly Column[]): string[][] {
  const names = new Set(measurements.map(({ subject, load }) => `${subject}, ${load}`));
  const rows = [...names].map((name) => {
    const rounds = measurements.filter(({ subject, load }) => `${subject}, ${load}` === name);
    return [name, ...columns.map(({ cell }) => cell(rounds))];
  });
  return [['subject, load', ...columns.map(({ title }) => title)], ...rows];
}

function withRange(choose: Choose, digits: number): Column['cell'] {
  return (rounds) => {
    const spread = describeSpread(rounds.map(choose));
    if (spread === null) return '–';
    const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => value.toFixed(digits));
    return rounds.length === 1 ? `${median}` : `${median} (${min}–${max})`;
  };
}

function medianOf(choose: Choose, digits: number): Column['cell'] {
  return (rounds) => describeSpread(rounds.map(choose))?.median.toFixed(digits) ?? '–';
}

function percentilesOf(choose: (measurement: Measurement) => Percentiles | null): Column['cell'] {
  return (rounds) => {
    const cells = (['p50', 'p95', 'p99'] as const).map((name) => medianOf((each) => choose(each)?.[name], 0)(rounds));
    return cells.every((cell) => cell === '–') ? '–' : cells.join(' / ');
  };
}

function sumCpuMs({ cpuMs }: Measurement): number | null {
  const all = Object.values(cpuMs).filter((each) => each !== null);
  return all.length === Object.keys(cpuMs).length ? all.reduce((sum, each) => sum + each, 0) : null;
}

function describeEvents(rounds: readonly Measurement[]): string {
  const max = describeSpread(rounds.map((each) => each.history?.events.max))?.max;
  return `${medianOf((each) => each.history?.events.median, 0)(rounds)} (${max ?? '–'})`;
}

function describeRss(rounds: readonly Measurement[]): string {
  return ['api', 'worker'].map((name) => medianOf((each) => each.rssMb[name], 0)(rounds)).join(' / ');
}

function describeLoadAverages({ measurements }: HealthyResult): string {
  const [first, last] = [measurements[0], measurements.at(-1)];
  return `${first?.loadAverage.toFixed(1) ?? '–'} at the start, ${last?.loadAverage.toFixed(1) ?? '–'} before the last window`;
}
