import { formatNumber, formatTable } from './table.ts';

interface Budget {
  readonly what: string;
  readonly comparison: '≥' | '≤';
  readonly limit: number;
  readonly unit: string;
  readonly digits: number;
}

/**
 * What Waypost may cost, in one place. A scenario measures some of these figures and names them by the same key. Counts
 * (history events, workflow tasks, transactions) are promises, and tests hold them.
 */
const budgets = {
  healthyOfFloor: atLeast('healthy, 50 in flight, of the empty workflow', 1.2, ' ×', 2),
  healthyOfDbos: atLeast('the same, of DBOS (stretch)', 1, ' ×', 2),
  healthyCpuMs: atMost('CPU of a healthy message, 50 in flight', 16, ' ms', 1),
  singleOfFloor: atLeast('healthy with one message per workflow, of the empty workflow', 0.75, ' ×', 2),
  deliveredP95At25Ms: atMost('accept → delivered at 25/s, p95, real Temporal server', 60, ' ms', 0),
  deliveredP95At50Ms: atMost('accept → delivered at 50/s, p95, real Temporal server', 125, ' ms', 0),
  acceptP95At50Ms: atMost('accept at 50/s, p95, real Temporal server', 13, ' ms', 1),
  bulkPerSecond: atLeast('bulk of 10,000, deliveries/s', 500, '', 0),
  bulkCpuMs: atMost('bulk of 10,000, CPU of a message', 4, ' ms', 1),
  overloadOfPeak: atLeast('overload, 3 × capacity for 60 s: throughput, of the peak', 0.95, ' ×', 2),
  fairnessLateMs: atMost(
    "another tenant's message beside 10,000 due ones, beyond twice its idle time",
    1_000,
    ' ms',
    0,
  ),
  backlogCpu: atMost(
    'CPU of a message among 1,000,000 finished and 100,000 waiting, of the empty system',
    1.2,
    ' ×',
    2,
  ),
  soakRss: atMost('RSS of api and worker in minute 10, of minute 2', 1.1, ' ×', 2),
  webhookCpu: atMost('CPU with one subscriber on two types, of a message without', 1.2, ' ×', 2),
  centrePerSecond: atLeast('notification of 10,000 to the centre, recipients/s', 8_000, '', 0),
  centreRssMb: atMost("notification of 10,000 to the centre, growth of the worker's RSS", 50, ' MB', 0),
  callbacksPerSecond: atLeast('error callbacks/s', 500, '', 0),
  pushOfBare: atLeast('pushes/s at 10 ms, of the bare client', 0.8, ' ×', 2),
  importRssMb: atMost("import of 200,000 users, growth of the api's RSS", 100, ' MB', 0),
  inboxListP95Ms: atMost('inbox among 1,000,000, slowest list, p95', 50, ' ms', 1),
  listsLate: atMost('lists on 1,100,000 jobs: calls with a p95 above 50 ms', 0, '', 0),
} as const satisfies Readonly<Record<string, Budget>>;

/** Of one run; null or absent: not measured by it. */
export type Figures = Readonly<Partial<Record<keyof typeof budgets, number | null>>>;

/** The version that a figure was measured on. */
export type BudgetOrigins = Readonly<Partial<Record<keyof typeof budgets, string>>>;

/**
 * The budgets that were measured, each with what was found, as a table; people judge, as a busy machine misses them too. With
 * `origins`: all budgets, those that were not measured too.
 */
export function describeBudgets(figures: Figures, origins: BudgetOrigins | null = null): string[] {
  const rows = Object.entries(budgets).flatMap(([key, { what, comparison, limit, unit, digits }]) => {
    const name = key as keyof typeof budgets; // cast: an entry's key is one of its object's
    const figure = figures[name] ?? null;
    const limitText = `${comparison} ${formatNumber(limit, limit % 1 === 0 ? 0 : 2)}${unit}`;
    if (figure === null) return origins === null ? [] : [[what, limitText, 'not measured', '–', '–']];
    const isMet = comparison === '≥' ? figure >= limit : figure <= limit;
    return [
      [
        what,
        limitText,
        `${formatNumber(figure, digits)}${unit}`,
        isMet ? 'met' : '**missed**',
        ...(origins === null ? [] : [origins[name] ?? '']),
      ],
    ];
  });
  return rows.length === 0
    ? []
    : formatTable([['budget', 'limit', 'measured', '', ...(origins === null ? [] : ['version'])], ...rows]);
}

function atLeast(what: string, limit: number, unit: string, digits: number): Budget {
  return { what, comparison: '≥', limit, unit, digits };
}

function atMost(what: string, limit: number, unit: string, digits: number): Budget {
  return { what, comparison: '≤', limit, unit, digits };
}
