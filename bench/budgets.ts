import { type BudgetCheck, type BudgetLine, judge } from './budget.ts';
import type { HealthyResult } from './healthy-result.ts';
import type { Measurement } from './measurement.ts';
import { describeSpread } from './statistics.ts';

interface Budget extends Omit<BudgetCheck, 'figure'> {
  /** Null: this run did not measure it. */
  readonly figure: (result: HealthyResult) => number | null;
}

const budgets: readonly Budget[] = [
  {
    name: 'closed loop, of the empty workflow',
    comparison: '≥',
    limit: 0.75,
    unit: '×',
    digits: 2,
    figure: (result) => medianOf(result, 'closed', (each) => each.shareOfFloor),
  },
  latency('accept → delivered, p95 at 25/s', 60, 'open, 25/s', (each) => each.doneMs?.p95 ?? null),
  latency('accept → delivered, p95 at 50/s', 130, 'open, 50/s', (each) => each.doneMs?.p95 ?? null),
  latency('accept, p95 at 50/s', 13, 'open, 50/s', (each) => each.acceptMs?.p95 ?? null),
  {
    name: 'one subscriber on two types, of the CPU of a message without',
    comparison: '≤',
    limit: 1.3,
    unit: '×',
    digits: 2,
    figure: (result) => ratioOfCpu(result, 'closed'),
  },
  count('history events of a message, at most', 8, (result) =>
    maxOf(result, (each) => each.history?.events.max ?? null),
  ),
  count('workflow tasks of a message, at most', 1, (result) =>
    maxOf(result, (each) => each.history?.workflowTasks.max ?? null),
  ),
];

/** What a healthy message may cost, beside what it did; medians over the rounds, except where it says "at most". */
export function judgeBudgets(result: HealthyResult): readonly BudgetLine[] {
  return judge(budgets.map((budget) => ({ ...budget, figure: budget.figure(result) })));
}

function latency(name: string, limit: number, load: string, choose: (each: Measurement) => number | null): Budget {
  return { name, comparison: '≤', limit, unit: ' ms', digits: 1, figure: (result) => medianOf(result, load, choose) };
}

function count(name: string, limit: number, figure: Budget['figure']): Budget {
  return { name, comparison: '≤', limit, unit: '', digits: 0, figure };
}

function medianOf(result: HealthyResult, load: string, choose: (each: Measurement) => number | null): number | null {
  const chosen = result.measurements.filter((each) => each.subject === 'waypost' && each.load.startsWith(load));
  return describeSpread(chosen.map(choose))?.median ?? null;
}

function ratioOfCpu({ measurements }: HealthyResult, load: string): number | null {
  const median = (name: Measurement['subject']) =>
    describeSpread(
      measurements
        .filter((each) => each.subject === name && each.load.startsWith(load))
        .map(({ cpuMs }) => sumOf(cpuMs)),
    )?.median ?? null;
  const [without, subscribed] = [median('waypost'), median('waypost, one subscriber')];
  return without === null || subscribed === null ? null : subscribed / without;
}

function sumOf(cpuMs: Measurement['cpuMs']): number | null {
  return Object.values(cpuMs).reduce<number | null>(
    (sum, each) => (sum === null || each === null ? null : sum + each),
    0,
  );
}

function maxOf(result: HealthyResult, choose: (each: Measurement) => number | null): number | null {
  const chosen = result.measurements.filter((each) => each.subject === 'waypost');
  return describeSpread(chosen.map(choose))?.max ?? null;
}
