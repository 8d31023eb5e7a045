import { setTimeout as sleep } from 'node:timers/promises';
import { shuffle, type Dice } from './dice.ts';
import { probePrefix } from './misbehaviour.ts';
import { startApi, startWorker, type Surroundings } from './surroundings.ts';

export interface Outage {
  readonly name: string;
  /** Breaks something, and resolves when it is whole again. */
  readonly happen: (surroundings: Surroundings) => Promise<void>;
}

export interface OutageReport {
  readonly name: string;
  /** How long it was broken, and how long after that a new message needed until Kernel had taken it. */
  readonly brokenMs: number;
  readonly recoveryMs: number;
}

const awayMs = 5_000;
/** Longer than a worker may keep a task without a word. */
const stoppedMs = 12_000;
const probeTimeoutMs = 90_000;
const calmMs = 1_500;

const sinkOutage = (
  name: string,
  find: (each: Surroundings) => { goDown(): Promise<void>; comeBack(): Promise<void> },
): Outage => ({
  name,
  async happen(surroundings) {
    const server = find(surroundings);
    await server.goDown();
    await sleep(awayMs);
    await server.comeBack();
  },
});

const outages: readonly Outage[] = [
  {
    name: 'one worker killed',
    async happen({ fleet, place }) {
      await fleet.workers.shift()?.kill();
      await sleep(1_000);
      fleet.workers.push(await startWorker(place));
    },
  },
  {
    name: 'all workers killed',
    async happen({ fleet, place }) {
      await Promise.all(fleet.workers.map((worker) => worker.kill()));
      await sleep(awayMs);
      fleet.workers = await Promise.all([startWorker(place), startWorker(place)]);
    },
  },
  {
    name: 'one worker stopped (SIGSTOP) and continued',
    async happen({ fleet }) {
      const [worker] = fleet.workers;
      if (worker !== undefined) await pauseProcess(worker.pid, stoppedMs);
    },
  },
  {
    name: 'api killed',
    async happen({ fleet, place }) {
      await fleet.api.kill();
      await sleep(1_000);
      fleet.api = await startApi(place);
    },
  },
  { name: 'api stopped (SIGSTOP) and continued', happen: ({ fleet }) => pauseProcess(fleet.api.pid, awayMs) },
  { name: 'postgres restarted, fast', happen: ({ postgres }) => postgres.restart('fast') },
  { name: 'postgres restarted, immediate', happen: ({ postgres }) => postgres.restart('immediate') },
  { name: 'postgres killed', happen: ({ postgres }) => postgres.restart('kill') },
  { name: 'temporal restarted', happen: ({ temporal }) => temporal.restart('stop') },
  { name: 'temporal killed', happen: ({ temporal }) => temporal.restart('kill') },
  sinkOutage('kernel away', ({ kernel }) => kernel),
  sinkOutage('bot and KPI sink away', ({ place }) => place.bot),
  sinkOutage('integrator away', ({ place }) => place.integrator),
  sinkOutage('webhook sink away', ({ sink }) => sink),
];

/** Every outage once, in the seed's order. */
export function planOutages(dice: Dice): readonly Outage[] {
  return shuffle(dice, outages, ({ name }) => name);
}

/** Lets them happen one after the other, and looks after each whether a message gets through. */
export async function breakThings(
  surroundings: Surroundings,
  options: { readonly outages: readonly Outage[]; readonly log: (line: string) => void },
): Promise<OutageReport[]> {
  const reports: OutageReport[] = [];
  for (const [index, outage] of options.outages.entries()) {
    await sleep(calmMs);
    const startedMs = Date.now();
    await outage.happen(surroundings);
    const wholeMs = Date.now();
    await probe(surroundings, index);
    const report = { name: outage.name, brokenMs: wholeMs - startedMs, recoveryMs: Date.now() - wholeMs };
    options.log(`${outage.name}: ${report.brokenMs} ms, recovered in ${report.recoveryMs} ms`);
    reports.push(report);
  }
  return reports;
}

/** A message that Kernel would take at once. */
async function probe({ tenant }: Surroundings, index: number): Promise<void> {
  const deadlineMs = Date.now() + probeTimeoutMs;
  const to = `+${probePrefix}${String(index).padStart(6, '0')}`;
  const request = {
    body: { to, activity: { type: 'message', text: 'probe' } },
    headers: { 'idempotency-key': `probe-${index}` },
  };
  while (Date.now() < deadlineMs) {
    const answer = await tenant.call('POST /v1/messages', request).catch(() => null);
    const job = answer?.status === 202 ? await followProbe(tenant, String(answer.at('id')), deadlineMs) : null;
    if (job !== null) return;
    await sleep(100);
  }
  throw new Error(`A message handed over after outage ${index + 1} was not taken within ${probeTimeoutMs / 1_000} s.`);
}

async function followProbe(tenant: Surroundings['tenant'], id: string, deadlineMs: number): Promise<string | null> {
  while (Date.now() < deadlineMs) {
    const job = await tenant.job(id).catch(() => null);
    if (job !== null && ['accepted', 'sent', 'delivered', 'read'].includes(job.state)) return id;
    await sleep(100);
  }
  return null;
}

async function pauseProcess(pid: number, forMs: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(forMs);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
