import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Linux counts in hundredths of a second, whatever the kernel's own tick is (USER_HZ, proc(5)). */
const tickMs = 10;

export interface Usage {
  /** By the given names, in milliseconds since each process began; null where it cannot be read. */
  readonly cpuMs: Readonly<Record<string, number | null>>;
  readonly rssMb: Readonly<Record<string, number | null>>;
  /** Of the whole machine since it began, time stolen by the host included; null where it cannot be read. */
  readonly machineBusyMs: number | null;
}

/** Processes by name; null: not ours, or not on this machine. Children that have no name of their own count with them. */
export type Watched = Readonly<Record<string, number | null>>;

/** CPU and memory of process trees, from /proc; on other systems every figure is null. */
export function readUsage(watched: Watched): Usage {
  const all = readProcesses();
  const named = new Set(Object.values(watched));
  const cpuMs: Record<string, number | null> = {};
  const rssMb: Record<string, number | null> = {};
  for (const [name, pid] of Object.entries(watched)) {
    cpuMs[name] = pid === null || !all.has(pid) ? null : sumTree(all, named, pid);
    rssMb[name] = pid === null ? null : readRssMb(pid);
  }
  return { cpuMs, rssMb, machineBusyMs: readMachineBusyMs() };
}

export type Spent = Omit<Usage, 'rssMb'>;

/** What was spent between two readings. */
export function subtractUsage(before: Usage, after: Usage): Spent {
  const minus = (a: number | null | undefined, b: number | null | undefined) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : null;
  return {
    cpuMs: Object.fromEntries(Object.keys(after.cpuMs).map((key) => [key, minus(after.cpuMs[key], before.cpuMs[key])])),
    machineBusyMs: minus(after.machineBusyMs, before.machineBusyMs),
  };
}

/** CPU of all cores that nobody of the watched used, of 1; null where it cannot be read. */
export function shareOfForeigners(spent: Spent, wallMs: number): number | null {
  if (spent.machineBusyMs === null) return null;
  const oursMs = Object.values(spent.cpuMs).reduce((sum: number, each) => sum + (each ?? 0), 0);
  return Math.max(0, spent.machineBusyMs - oursMs) / (wallMs * cpus().length);
}

interface ProcessTimes {
  readonly parentPid: number;
  /** Its own and that of children it has waited for. */
  readonly cpuMs: number;
}

function readProcesses(): ReadonlyMap<number, ProcessTimes> {
  const pids = listNames(() => readdirSync('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = pids.flatMap((pid) => {
    const stat = readText(`/proc/${pid}/stat`);
    if (stat === null) return [];
    // Counted from behind the command, which may hold spaces: field 3 is the first here (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return [[Number(pid), { parentPid: Number(fields[1]), cpuMs: ticks * tickMs }] as const];
  });
  return new Map(entries);
}

function sumTree(all: ReadonlyMap<number, ProcessTimes>, named: ReadonlySet<number | null>, rootPid: number): number {
  let sumMs = all.get(rootPid)?.cpuMs ?? 0;
  for (const [pid, { parentPid }] of all) {
    if (parentPid === rootPid && !named.has(pid)) sumMs += sumTree(all, named, pid);
  }
  return sumMs;
}

export function readRssMb(pid: number): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1_024;
}

/** user, nice, system, irq, softirq and steal; not idle and iowait. */
function readMachineBusyMs(): number | null {
  const [line = ''] = (readText('/proc/stat') ?? '').split('\n');
  const fields = line.split(/\s+/).slice(1).map(Number);
  if (fields.length < 8) return null;
  return [0, 1, 2, 5, 6, 7].reduce((sum, index) => sum + (fields[index] ?? 0), 0) * tickMs;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // the process has ended, or this system has no /proc
  }
}

function listNames(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return []; // no /proc
  }
}

const sampleMs = 100;

export interface RssGrowth {
  readonly beforeMb: number;
  /** The highest of the samples, one every 100 ms. */
  readonly peakMb: number;
  readonly afterMb: number;
}

export interface RssWatch {
  /** Of each process that can be read, since the watch began; ends the watch. */
  end(): Readonly<Record<string, RssGrowth>>;
}

export function watchRss(watched: Watched): RssWatch {
  const growths = Object.entries(watched).flatMap(([name, pid]) => {
    const nowMb = pid === null ? null : readRssMb(pid);
    return pid === null || nowMb === null
      ? []
      : [{ name, pid, growth: { beforeMb: nowMb, peakMb: nowMb, afterMb: nowMb } }];
  });
  const sample = () => {
    for (const { pid, growth } of growths) {
      growth.afterMb = readRssMb(pid) ?? growth.afterMb;
      growth.peakMb = Math.max(growth.peakMb, growth.afterMb);
    }
  };
  const timer = setInterval(sample, sampleMs);
  return {
    end() {
      clearInterval(timer);
      sample();
      return Object.fromEntries(growths.map(({ name, growth }) => [name, growth]));
    },
  };
}
