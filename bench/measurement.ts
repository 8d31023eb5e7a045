import { loadavg } from 'node:os';
import type { BenchDatabase } from './database.ts';
import { createRandom, drive, type Load } from './driver.ts';
import type { Histories, HistoryCounts } from './histories.ts';
import { readUsage, shareOfForeigners, subtractUsage, type Watched } from './process-usage.ts';
import { describePercentiles, type Percentiles } from './statistics.ts';
import type { Subject } from './subjects.ts';

/** An api and a worker that have just started spend half as much again on a message: engines compile as they go. */
const longestWarmUpMs = 10_000;

/** One subject under one load in one round. */
export interface Measurement {
  readonly round: number;
  readonly subject: string;
  readonly load: string;
  readonly donePerSecond: number;
  /** Of the rate of the empty workflow in the same round; null for the floor itself and for open loops. */
  readonly shareOfFloor: number | null;
  readonly acceptMs: Percentiles | null;
  readonly doneMs: Percentiles | null;
  /** Per unit of work, by process; null where it cannot be read. */
  readonly cpuMs: Readonly<Record<string, number | null>>;
  /** Of driver and sink, for each unit of work: no cost of the subject, but it takes of the same cores. */
  readonly benchCpuMs: number | null;
  readonly rssMb: Readonly<Record<string, number | null>>;
  readonly walBytes: number;
  readonly history: HistoryCounts | null;
  readonly completed: number;
  readonly failures: readonly string[];
  /** CPU of all cores that nobody of ours used, of 1: above a few hundredths the figures are disturbed. */
  readonly foreignCpuShare: number | null;
  readonly loadAverage: number;
}

export interface MeasureOptions {
  readonly round: number;
  readonly subject: Subject;
  readonly load: Load;
  readonly windowMs: number;
  /** Driver and sink. */
  readonly bench: Watched;
  /** Everybody else of ours, who has nothing to do meanwhile, and is no foreigner. */
  readonly idle: Watched;
  readonly database: BenchDatabase;
  /** Null: a subject without workflows. */
  readonly histories: Histories | null;
  readonly floorPerSecond: number | null;
}

export function describeLoad(load: Load): string {
  return load.kind === 'closed' ? `closed, ${load.concurrency} in flight` : `open, ${load.ratePerSecond}/s`;
}

export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { round, subject, load, windowMs, bench, database, histories, floorPerSecond } = options;
  const { watched } = subject;
  const measured = { ...watched, ...bench };
  const pids = new Set(Object.values(measured));
  const idle = Object.entries(options.idle).filter(([, pid]) => !pids.has(pid));
  const everybody = { ...Object.fromEntries(idle.map(([name, pid]) => [`idle ${name}`, pid])), ...measured };
  const [loadAverage = 0] = loadavg();
  const walBefore = await database.readWalBytes();
  const driven = await drive({
    deliver: subject.deliver,
    load,
    warmUpMs: Math.min(longestWarmUpMs, windowMs),
    windowMs,
    random: createRandom(round),
    read: () => readUsage(everybody),
  });
  const walAfter = await database.readWalBytes();
  const { samples, openedMs, closedMs } = driven;
  const isInWindow = (timeMs: number) => timeMs >= openedMs && timeMs < closedMs;
  const done = samples.filter(({ doneMs }) => isInWindow(doneMs));
  // In an open loop whoever was due in the window counts, however late the end: leaving those out would flatter.
  const judged = load.kind === 'closed' ? done : samples.filter(({ dueMs }) => isInWindow(dueMs));
  const donePerSecond = (done.length * 1_000) / (closedMs - openedMs);
  const spentMs = subtractUsage(driven.opened, driven.closed);
  return {
    round,
    subject: subject.name,
    load: describeLoad(load),
    donePerSecond,
    shareOfFloor: floorPerSecond === null ? null : donePerSecond / floorPerSecond,
    acceptMs: describePercentiles(
      judged.flatMap(({ acceptedMs, dueMs }) => (acceptedMs === null ? [] : [acceptedMs - dueMs])),
    ),
    doneMs: describePercentiles(judged.map(({ doneMs, dueMs }) => doneMs - dueMs)),
    cpuMs: Object.fromEntries(
      Object.keys(watched).map((key) => [key, divide(spentMs.cpuMs[key] ?? null, done.length)]),
    ),
    benchCpuMs: divide(sumOf(Object.keys(bench).map((key) => spentMs.cpuMs[key])), done.length),
    rssMb: driven.closed.rssMb,
    walBytes: (walAfter - walBefore) / Math.max(1, samples.length),
    history: histories === null ? null : await histories.sample(samples.map(({ id }) => id)),
    completed: samples.length,
    failures: driven.failures,
    foreignCpuShare: shareOfForeigners(spentMs, closedMs - openedMs),
    loadAverage,
  };
}

/** The CPU of a unit of work, all processes of the subject together. */
export function sumCpuMs({ cpuMs }: Measurement): number | null {
  return sumOf(Object.values(cpuMs));
}

function divide(value: number | null, count: number): number | null {
  return value === null || count === 0 ? null : value / count;
}

function sumOf(values: readonly (number | null | undefined)[]): number | null {
  return values.reduce<number | null>((sum, each) => (sum === null || typeof each !== 'number' ? null : sum + each), 0);
}
