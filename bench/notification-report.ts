import { type BudgetCheck, type BudgetLine, describeBudgets, judge } from './budget.ts';
import type { CentreRun } from './notification-runs.ts';
import type { OutgoingRun, PushRun } from './outgoing-runs.ts';
import type { BenchContext } from './scenario.ts';
import { introduce, type MeasuredOn } from './servers.ts';
import { describeSpread } from './statistics.ts';
import { formatTable } from './table.ts';

export interface NotificationsResult {
  readonly scenario: string;
  readonly settings: BenchContext['args'];
  readonly machine: MeasuredOn;
  readonly centre: readonly CentreRun[];
  readonly callbacks: readonly OutgoingRun[];
  readonly push: readonly PushRun[];
}

const payloadLimitBytes = 256 * 1024;

/** Medians over the rounds, except where it says "at most": that is the worst of them. */
export function judgeNotifications({ centre, callbacks, push, settings }: NotificationsResult): BudgetLine[] {
  // On a part of the full size the figures of 10,000 and 100,000 are not there to be judged.
  const [small = [], large = []] = groupBySize(centre);
  const isFull = settings.scale === 1;
  const growth = (runs: readonly CentreRun[], name: string) =>
    max(runs.map(({ rss }) => (rss[name] === undefined ? null : rss[name].peakMb - rss[name].beforeMb)));
  const at = 'centre, 10,000';
  const checks: BudgetCheck[] = [
    atLeast(`${at}: recipients/s`, 5_000, '', 0, isFull ? median(small.map(ratePerSecond)) : null),
    atMost(`${at}: growth of the worker's RSS, at most`, 100, ' MB', growth(small, 'worker')),
    atMost(`${at}: growth of the api's RSS, at most`, 100, ' MB', growth(small, 'api')),
    atMost(`${at}: history events, at most`, 200, '', max(small.map(({ history }) => history.events))),
    atMost('centre, 100,000: time of the run with 10,000', 12, ' ×', isFull ? ratioOfTimes(small, large) : null),
    atMost('largest payload in a history, at most', payloadLimitBytes, ' bytes', max(centre.map(largestPayload))),
    atLeast('error callbacks/s', 500, '', 0, median(callbacks.map(callsPerSecond))),
    atLeast('pushes/s, of the bare client', 0.8, ' ×', 2, median(push.map(shareOfBare))),
  ];
  return judge(checks);
}

export function describeNotifications(result: NotificationsResult, isComplete: boolean): string {
  const { machine, settings, centre, callbacks, push } = result;
  return [
    ...introduce(machine),
    `${settings.rounds} rounds; NODE_ENV=production, LOG_LEVEL=warn; one api, one worker. Median of the rounds, (min–max).`,
    'From the 202 to the end that the job names. Floor: a recipient and an inbox row for each, one insert a thousand, in plain SQL.',
    '',
    ...formatTable([centreTitles, ...groupBySize(centre).map(describeCentre)]),
    '',
    'Calls from the first to the last answer, as the upstream counts them; it takes a callback at once and a push after 10 ms.',
    ...formatTable([outgoingTitles, describeOutgoing('error callbacks', callbacks), describePush(push)]),
    '',
    isComplete
      ? 'Counts, recipients, inboxes, callbacks and pushes agree: nothing lost, nothing twice.'
      : `NOT COMPLETE: ${JSON.stringify([...centre, ...callbacks, ...push].map(({ recipients, state, counts }) => ({ recipients, state, counts })))}`,
    '',
    ...describeBudgets(judgeNotifications(result)),
  ].join('\n');
}

const centreTitles = [
  'centre',
  'accept ms',
  'run s',
  'recipients/s',
  'floor rows/s',
  '× floor',
  'worker RSS MB before/peak/after',
  'api RSS MB before/peak/after',
  'CPU µs api/worker/postgres/temporal',
  'foreign CPU %',
  'in activities %',
  'events',
  'runs',
  'largest payload B',
  'transactions',
  'WAL kB each',
];

function describeCentre(runs: readonly CentreRun[]): string[] {
  return [
    String(runs[0]?.recipients ?? '–'),
    withRange(
      runs.map(({ acceptMs }) => acceptMs),
      0,
    ),
    withRange(
      runs.map(({ spentMs }) => spentMs / 1_000),
      2,
    ),
    withRange(runs.map(ratePerSecond), 0),
    withRange(
      runs.map(({ recipients, floorMs }) => (recipients * 1_000) / floorMs),
      0,
    ),
    withRange(
      runs.map(({ spentMs, floorMs }) => floorMs / spentMs),
      2,
    ),
    describeRss(runs, 'worker'),
    describeRss(runs, 'api'),
    ...describeCpu(runs),
    withRange(
      runs.map(({ history }) => history.activityShare * 100),
      0,
    ),
    withRange(
      runs.map(({ history }) => history.events),
      0,
    ),
    withRange(
      runs.map(({ history }) => history.runs),
      0,
    ),
    withRange(runs.map(largestPayload), 0),
    withRange(
      runs.map(({ transactions }) => transactions),
      0,
    ),
    withRange(
      runs.map(({ walBytes, recipients }) => walBytes / recipients / 1_024),
      2,
    ),
  ];
}

const outgoingTitles = [
  '',
  'calls',
  'calls/s',
  'at once',
  'run s',
  'bare calls/s',
  '× bare',
  'worker RSS MB before/peak/after',
  'CPU µs api/worker/postgres/temporal',
  'foreign CPU %',
  'in activities %',
  'events',
];

function describeOutgoing(name: string, runs: readonly OutgoingRun[]): string[] {
  return [
    name,
    String(runs[0]?.upstream.calls ?? '–'),
    withRange(runs.map(callsPerSecond), 0),
    withRange(
      runs.map(({ upstream }) => upstream.mostAtOnce),
      0,
    ),
    withRange(
      runs.map(({ spentMs }) => spentMs / 1_000),
      2,
    ),
    '–',
    '–',
    describeRss(runs, 'worker'),
    ...describeCpu(runs),
    withRange(
      runs.map(({ history }) => history.activityShare * 100),
      0,
    ),
    withRange(
      runs.map(({ history }) => history.events),
      0,
    ),
  ];
}

function describePush(runs: readonly PushRun[]): string[] {
  const bare = [
    withRange(
      runs.map(({ recipients, bareMs }) => (recipients * 1_000) / bareMs),
      0,
    ),
    withRange(runs.map(shareOfBare), 2),
  ];
  return describeOutgoing('pushes', runs).toSpliced(5, 2, ...bare);
}

function groupBySize(runs: readonly CentreRun[]): CentreRun[][] {
  const sizes = [...new Set(runs.map(({ recipients }) => recipients))];
  return sizes.map((size) => runs.filter(({ recipients }) => recipients === size));
}

const ratePerSecond = ({ recipients, spentMs }: CentreRun) => (recipients * 1_000) / spentMs;
const largestPayload = ({ history }: CentreRun) => history.largestPayloadBytes;
const callsPerSecond = ({ upstream }: OutgoingRun) => (upstream.calls * 1_000) / upstream.spentMs;
const shareOfBare = ({ upstream, bareMs }: PushRun) => bareMs / upstream.spentMs;

function ratioOfTimes(small: readonly CentreRun[], large: readonly CentreRun[]): number | null {
  const [one, other] = [small, large].map((runs) => median(runs.map(({ spentMs }) => spentMs)));
  return one === null || one === undefined || other === null || other === undefined ? null : other / one;
}

function describeRss(runs: readonly (CentreRun | OutgoingRun)[], name: string): string {
  const parts = (['beforeMb', 'peakMb', 'afterMb'] as const).map(
    (moment) => median(runs.map(({ rss }) => rss[name]?.[moment] ?? null))?.toFixed(0) ?? '–',
  );
  return parts.join(' / ');
}

/** For each recipient, and how much of the machine was not ours. */
function describeCpu(runs: readonly (CentreRun | OutgoingRun)[]): string[] {
  const each = ['api', 'worker', 'postgres', 'temporal'].map((name) => {
    const us = median(runs.map(({ cpuMs }) => (typeof cpuMs[name] === 'number' ? cpuMs[name] * 1_000 : null)));
    return us?.toFixed(0) ?? '–';
  });
  return [
    each.join(' / '),
    withRange(
      runs.map(({ foreignCpuShare }) => (foreignCpuShare ?? NaN) * 100),
      0,
    ),
  ];
}

function atLeast(name: string, limit: number, unit: string, digits: number, figure: number | null): BudgetCheck {
  return { name, comparison: '≥', limit, unit, digits, figure };
}

function atMost(name: string, limit: number, unit: string, figure: number | null): BudgetCheck {
  return { name, comparison: '≤', limit, unit, digits: unit === ' ×' ? 1 : 0, figure };
}

function median(values: readonly (number | null)[]): number | null {
  return describeSpread(values)?.median ?? null;
}

function max(values: readonly (number | null)[]): number | null {
  return describeSpread(values)?.max ?? null;
}

function withRange(values: readonly (number | null)[], digits: number): string {
  const spread = describeSpread(values);
  if (spread === null) return '–';
  const [middle, least, most] = [spread.median, spread.min, spread.max].map((value) => value.toFixed(digits));
  return least === most ? String(middle) : `${middle} (${least}–${most})`;
}
