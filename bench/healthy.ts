import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../dev/server-process.ts';
import { startStack } from '../dev/stack.ts';
import type { BenchArguments } from './arguments.ts';
import { compileBenchProcesses, projectDir, startBenchProcess } from './bench-process.ts';
import type { Closing } from './closing.ts';
import { openBenchDatabase } from './database.ts';
import type { Load } from './driver.ts';
import { buildProductEnvironment, buildTemporalEnvironment } from './environment.ts';
import type { FloorOrder, FloorWord } from './floor.ts';
import { openHistories } from './histories.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measure, type Measurement } from './measurement.ts';
import type { Watched } from './process-usage.ts';
import { startProduct } from './product.ts';
import type { SinkCounts, SinkOrder, SinkWord } from './sink.ts';
import { createFloorSubject, createWaypostSubject } from './subjects.ts';
import { createBenchTenant, subscribe, subscriberPath } from './tenant.ts';

const drainTimeoutMs = 60_000;
const drainPollMs = 250;
const homeDir = join(projectDir, '.cache', 'bench-product');
export const profileDir = join(projectDir, '.cache', 'bench-profiles');

export interface HealthyResult {
  readonly scenario: BenchArguments['scenario'];
  readonly settings: BenchArguments;
  readonly machine: Machine & { readonly temporalServer: string; readonly postgres: string };
  readonly measurements: readonly Measurement[];
  /** Of the whole run: what callers, database and sink counted; the three agree when nothing was lost or sent twice. */
  readonly accepted: number;
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly sink: SinkCounts;
  /** In our database for each message, over the whole run; sweeps and health checks included. */
  readonly transactionsPerMessage: number;
}

/** Healthy messages beside the floor W0 in the same rounds: closed loops for the rate, open loops for the latency. */
export async function runHealthy(
  args: BenchArguments,
  closing: Closing,
  log: (line: string) => void,
): Promise<HealthyResult> {
  compileBenchProcesses();
  if (args.isProfiled) rmSync(profileDir, { recursive: true, force: true });
  const temporal = { dynamicConfig: args.serverSettings };
  const stack = await closing.open(startStack({ name: 'bench', fresh: true, log, temporal }));
  const environment = buildTemporalEnvironment(process.env, stack.temporalAddress);
  const database = await closing.open(openBenchDatabase(stack.databaseUrl));
  const histories = await closing.open(openHistories(environment));
  const sink = await closing.open(startBenchProcess<SinkOrder, SinkWord>('sink', environment));
  const { port } = await sink.waitFor((word) => word.kind === 'listening');
  const floor = await closing.open(startBenchProcess<FloorOrder, FloorWord>('floor', environment));
  await floor.waitFor((word) => word.kind === 'ready');

  const [apiPort = 0, metricsPort = 0] = await findFreePorts(2);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const adminKey = `wp_admin_${randomBytes(24).toString('base64url')}`;
  const env = buildProductEnvironment(process.env, { ...stack, apiPort, metricsPort, adminKey });
  const product = await closing.open(
    startProduct({ homeDir, env, apiUrl, metricsPort, profileDir: args.isProfiled ? profileDir : null }),
  );
  const tenant = await createBenchTenant(apiUrl, adminKey, `http://127.0.0.1:${port}`);
  sink.order({ kind: 'target', target: { ...tenant, statuses: args.statuses } });

  const servers = { postgres: stack.postgres?.pid ?? null, temporal: stack.temporal.pid };
  const bench = { sink: sink.pid, driver: process.pid };
  const subjects = {
    floor: {
      name: 'empty workflow (W0)',
      subject: createFloorSubject(floor),
      watched: { worker: floor.pid, ...servers },
    },
    waypost: {
      name: 'waypost',
      subject: await closing.open(createWaypostSubject(apiUrl, tenant, sink)),
      watched: { ...product.pids, ...servers },
    },
  } as const;
  const common = { windowMs: args.seconds * 1_000, bench: bench satisfies Watched, database, histories };
  const closed: Load = { kind: 'closed', concurrency: args.concurrency };
  const measurements: Measurement[] = [];
  const keep = (measurement: Measurement): Measurement => {
    measurements.push(measurement);
    log(`round ${measurement.round}: ${describeBriefly(measurement)}`);
    return measurement;
  };
  // What an overloaded loop left behind must neither disturb the next one nor be missing from the last count.
  const drain = async () => {
    const { accepted } = subjects.waypost.subject;
    const deadlineMs = Date.now() + drainTimeoutMs;
    while (((await database.countJobs(tenant.id))['delivered'] ?? 0) < accepted() && Date.now() < deadlineMs) {
      await sleep(drainPollMs);
    }
  };
  const transactionsBefore = await database.countTransactions();
  const loads: readonly Load[] = [
    closed,
    ...args.rates.map((ratePerSecond) => ({ kind: 'open', ratePerSecond }) as const),
  ];
  for (let round = 1; round <= args.rounds; round++) {
    const floor =
      args.scenario === 'webhooks'
        ? null
        : keep(await measure({ ...common, ...subjects.floor, round, load: closed, floorPerSecond: null }));
    for (const load of loads) {
      const floorPerSecond = load === closed ? (floor?.donePerSecond ?? null) : null;
      keep(await measure({ ...common, ...subjects.waypost, round, load, floorPerSecond }));
      await drain();
      if (args.scenario !== 'webhooks') continue;
      const unsubscribe = await subscribe(apiUrl, tenant, `http://127.0.0.1:${port}${subscriberPath}`);
      const subscribed = { ...subjects.waypost, name: 'waypost, one subscriber' } as const;
      keep(await measure({ ...common, ...subscribed, round, load, floorPerSecond: null }));
      await drain();
      await unsubscribe();
    }
  }
  // Before the last counts: connections tell the database's statistics of themselves when they end.
  await product.stop();
  const isCounts = (word: SinkWord) => word.kind === 'counts';
  const counted = sink.waitFor(isCounts);
  sink.order({ kind: 'count' });
  const accepted = subjects.waypost.subject.accepted();
  return {
    scenario: args.scenario,
    settings: args,
    machine: {
      ...(await describeMachine()),
      temporalServer: `${histories.serverVersion}${stack.temporal.pid === null ? ' (given)' : ' (dev server, SQLite file)'}${args.serverSettings.map((each) => `, ${each}`).join('')}`,
      postgres: await database.describe(),
    },
    measurements,
    accepted,
    jobsByState: await database.countJobs(tenant.id),
    sink: (await counted).counts,
    transactionsPerMessage: ((await database.countTransactions()) - transactionsBefore) / Math.max(1, accepted),
  };
}

function describeBriefly({ subject, load, donePerSecond, doneMs, failures }: Measurement): string {
  const failed = failures.length === 0 ? '' : `, ${failures.length} FAILED: ${failures[0]}`;
  return `${subject}, ${load}: ${donePerSecond.toFixed(1)}/s, p95 ${doneMs?.p95.toFixed(0) ?? '–'} ms${failed}`;
}
