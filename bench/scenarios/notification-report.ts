import type { BenchArguments } from '../arguments.ts';
import type { Figures } from '../budgets.ts';
import type { CentreRun, OutgoingRun, PushRun } from './notification-runs.ts';
import { introduce, type MeasuredOn } from '../servers.ts';
import { describeSpread } from '../statistics.ts';
import { formatRange, formatTable } from '../table.ts';

export interface NotificationsResult {
  readonly settings: BenchArguments;
  readonly machine: MeasuredOn;
  readonly centre: readonly CentreRun[];
  readonly callbacks: readonly OutgoingRun[];
  readonly push: readonly PushRun[];
}

/** Medians over the rounds; growth is the worst of them. */
export function findFigures({ centre, callbacks, push }: NotificationsResult): Figures {
  const [small = []] = groupBySize(centre);
  const growth = small.map(({ rss }) =>
    rss['worker'] === undefined ? null : rss['worker'].peakMb - rss['worker'].beforeMb,
  );
  return {
    centrePerSecond: median(small.map(ratePerSecond)),
    centreRssMb: describeSpread(growth)?.max ?? null,
    callbacksPerSecond: median(callbacks.map(callsPerSecond)),
    pushOfBare: median(push.map(shareOfBare)),
  };
}

export function describeNotifications(result: NotificationsResult, isComplete: boolean): string {
  const { machine, settings, centre, callbacks, push } = result;
  return [
    ...introduce(machine, settings),
    'From the 202 to the end that the job names. Floor: a recipient and an inbox row for each, one insert a thousand, in plain SQL.',
    '',
    ...formatTable([centreTitles, ...groupBySize(centre).map(describeCentre)]),
    '',
    'Calls from the first to the last answer, as the upstream counts them; it takes a callback at once and a push after 10 ms.',
    '',
    ...formatTable([outgoingTitles, describeOutgoing('error callbacks', callbacks), describePush(push)]),
    '',
    isComplete
      ? 'Counts, recipients, inboxes, callbacks and pushes agree: nothing lost, nothing twice.'
      : `**Not complete**: ${JSON.stringify([...centre, ...callbacks, ...push].map(({ recipients, state, counts }) => ({ recipients, state, counts })))}`,
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
    formatRange(
      runs.map(({ acceptMs }) => acceptMs),
      0,
    ),
    formatRange(
      runs.map(({ spentMs }) => spentMs / 1_000),
      2,
    ),
    formatRange(runs.map(ratePerSecond), 0),
    formatRange(
      runs.map(({ recipients, floorMs }) => (recipients * 1_000) / floorMs),
      0,
    ),
    formatRange(
      runs.map(({ spentMs, floorMs }) => floorMs / spentMs),
      2,
    ),
    describeRss(runs, 'worker'),
    describeRss(runs, 'api'),
    ...describeCpu(runs),
    formatRange(
      runs.map(({ history }) => history.activityShare * 100),
      0,
    ),
    formatRange(
      runs.map(({ history }) => history.events),
      0,
    ),
    formatRange(
      runs.map(({ history }) => history.runs),
      0,
    ),
    formatRange(runs.map(largestPayload), 0),
    formatRange(
      runs.map(({ transactions }) => transactions),
      0,
    ),
    formatRange(
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
    formatRange(runs.map(callsPerSecond), 0),
    formatRange(
      runs.map(({ upstream }) => upstream.mostAtOnce),
      0,
    ),
    formatRange(
      runs.map(({ spentMs }) => spentMs / 1_000),
      2,
    ),
    '–',
    '–',
    describeRss(runs, 'worker'),
    ...describeCpu(runs),
    formatRange(
      runs.map(({ history }) => history.activityShare * 100),
      0,
    ),
    formatRange(
      runs.map(({ history }) => history.events),
      0,
    ),
  ];
}

function describePush(runs: readonly PushRun[]): string[] {
  const bare = [
    formatRange(
      runs.map(({ recipients, bareMs }) => (recipients * 1_000) / bareMs),
      0,
    ),
    formatRange(runs.map(shareOfBare), 2),
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
    formatRange(
      runs.map(({ foreignCpuShare }) => (foreignCpuShare ?? NaN) * 100),
      0,
    ),
  ];
}

function median(values: readonly (number | null)[]): number | null {
  return describeSpread(values)?.median ?? null;
}
