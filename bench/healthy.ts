import { setTimeout as sleep } from 'node:timers/promises';
import { startBenchProcess } from './bench-process.ts';
import { judgeBudgets } from './budgets.ts';
import type { Load } from './driver.ts';
import type { FloorOrder, FloorWord } from './floor.ts';
import type { HealthyResult } from './healthy-result.ts';
import { measure, type Measurement } from './measurement.ts';
import type { Watched } from './process-usage.ts';
import { describeResult, isComplete } from './report.ts';
import type { BenchContext, ScenarioReport } from './scenario.ts';
import { describeServers, openProduct, openServers } from './servers.ts';
import type { SinkOrder, SinkWord } from './sink.ts';
import { createFloorSubject, createWaypostSubject } from './subjects.ts';
import { createBenchTenant, subscribe, subscriberPath } from './tenant.ts';

const drainTimeoutMs = 60_000;
const drainPollMs = 250;

/**
 * Healthy messages beside the floor W0 in the same rounds: closed loops for the rate, open loops for the latency. With a
 * subscriber, the same messages with and without a webhook endpoint instead.
 */
export async function runHealthy(
  context: BenchContext,
  { withSubscriber }: { readonly withSubscriber: boolean },
): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const { environment, database, histories } = servers;
  const sink = await closing.open(startBenchProcess<SinkOrder, SinkWord>('sink', environment));
  const { port } = await sink.waitFor((word) => word.kind === 'listening');
  const floor = await closing.open(startBenchProcess<FloorOrder, FloorWord>('floor', environment));
  await floor.waitFor((word) => word.kind === 'ready');
  const product = await openProduct(context, servers);
  const { apiUrl } = product;
  const tenant = await createBenchTenant(apiUrl, product.adminKey, `http://127.0.0.1:${port}`);
  sink.order({ kind: 'target', target: { ...tenant, statuses: args.statuses } });

  const bench = { sink: sink.pid, driver: process.pid };
  const subjects = {
    floor: {
      name: 'empty workflow (W0)',
      subject: createFloorSubject(floor),
      watched: { worker: floor.pid, ...servers.pids },
    },
    waypost: {
      name: 'waypost',
      subject: await closing.open(createWaypostSubject(apiUrl, tenant, sink)),
      watched: { ...product.pids, ...servers.pids },
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
    const floor = withSubscriber
      ? null
      : keep(await measure({ ...common, ...subjects.floor, round, load: closed, floorPerSecond: null }));
    for (const load of loads) {
      const floorPerSecond = load === closed ? (floor?.donePerSecond ?? null) : null;
      keep(await measure({ ...common, ...subjects.waypost, round, load, floorPerSecond }));
      await drain();
      if (!withSubscriber) continue;
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
  const result: HealthyResult = {
    scenario: args.scenario,
    settings: args,
    machine: await describeServers(context, servers),
    measurements,
    accepted,
    jobsByState: await database.countJobs(tenant.id),
    sink: (await counted).counts,
    transactionsPerMessage: ((await database.countTransactions()) - transactionsBefore) / Math.max(1, accepted),
  };
  return {
    result: { ...result, budgets: judgeBudgets(result) },
    text: describeResult(result),
    isComplete: isComplete(result),
  };
}

function describeBriefly({ subject, load, donePerSecond, doneMs, failures }: Measurement): string {
  const failed = failures.length === 0 ? '' : `, ${failures.length} FAILED: ${failures[0]}`;
  return `${subject}, ${load}: ${donePerSecond.toFixed(1)}/s, p95 ${doneMs?.p95.toFixed(0) ?? '–'} ms${failed}`;
}
