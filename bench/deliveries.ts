import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchTenant, createBenchTenant } from './api-client.ts';
import type { Load } from './driver.ts';
import { measure, type Measurement } from './measurement.ts';
import type { Watched } from './process-usage.ts';
import type { SinkCounts } from './processes/sink.ts';
import type { BenchContext } from './scenario.ts';
import { type BenchServers, openProduct, openServers, type RunningProduct } from './servers.ts';
import { openSink, type Sink } from './sink.ts';
import { createHttpSubject, type HttpSubject, type Subject } from './subjects.ts';

const drainPollMs = 250;
const drainTimeoutMs = 300_000;

/** What caller, database and sink counted for one subject over the whole run: they agree when nothing was lost or sent twice. */
export interface SubjectCounts {
  readonly subject: string;
  readonly accepted: number;
  readonly rowsByState: Readonly<Record<string, number>>;
  readonly sink: SinkCounts;
}

export function isComplete({ accepted, rowsByState, sink }: SubjectCounts): boolean {
  const rows = Object.values(rowsByState).reduce((sum, count) => sum + count, 0);
  return [rows, rowsByState['delivered'] ?? 0, sink.jobs, sink.sends].every((count) => count === accepted);
}

/** A tenant whose messages go to the sink, and are counted there under `name`. */
export interface Sender extends BenchTenant {
  readonly name: string;
  readonly subject: HttpSubject;
  count(): Promise<SubjectCounts>;
}

/** The product on fresh servers, a sink, and ways to make tenants that send and to measure what they send. */
export interface DeliveryBench {
  readonly servers: BenchServers;
  readonly sink: Sink;
  readonly product: RunningProduct;
  /** Of this tenant, whose channel has to send to the sink; absent: of a new one. */
  openSender(name: string, options?: { readonly tenant?: BenchTenant; readonly timeoutMs?: number }): Promise<Sender>;
  /** One subject under one load; logged as soon as it is known. */
  measure(
    round: number,
    subject: Subject,
    load: Load,
    more?: { readonly hasWorkflows?: boolean; readonly floorPerSecond?: number | null },
  ): Promise<Measurement>;
  /** Waits until so many messages of the tenant are delivered, at most 5 min; resolves with how many are. */
  drain(tenantId: string, expected: number): Promise<number>;
  /** All processes of ours, for the share of foreign CPU. */
  readonly pids: Watched;
  readonly benchPids: Watched;
}

export async function openDeliveryBench(context: BenchContext): Promise<DeliveryBench> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const { database, environment } = servers;
  const sink = await closing.open(openSink(environment));
  const product = await openProduct(context, servers);
  const benchPids = { sink: sink.pid, driver: process.pid };
  const pids = { ...servers.pids, ...product.pids, ...benchPids };
  return {
    servers,
    sink,
    product,
    pids,
    benchPids,
    async openSender(name, { tenant: given, timeoutMs } = {}) {
      const tenant = given ?? (await createBenchTenant(product.apiUrl, product.adminKey, sink.urlOf(name)));
      const { callbackUrl, appSecret } = tenant;
      sink.callBack(name, { callbackUrl, appSecret, statuses: args.statuses });
      const watched = { ...product.pids, ...servers.pids };
      const options = {
        name,
        url: product.apiUrl,
        sink,
        watched,
        tenant,
        ...(timeoutMs !== undefined && { timeoutMs }),
      };
      const subject = await closing.open(createHttpSubject(options));
      return {
        ...tenant,
        name,
        subject,
        count: async () => ({
          subject: name,
          accepted: subject.accepted(),
          rowsByState: await database.countJobs(tenant.id),
          sink: await sink.count(name),
        }),
      };
    },
    async measure(round, subject, load, { hasWorkflows = true, floorPerSecond = null } = {}) {
      const measurement = await measure({
        round,
        subject,
        load,
        windowMs: args.seconds * 1_000,
        bench: benchPids,
        idle: pids,
        database,
        histories: hasWorkflows ? servers.histories : null,
        floorPerSecond,
      });
      log(`round ${round}: ${describeBriefly(measurement)}`);
      return measurement;
    },
    async drain(tenantId, expected) {
      const deadlineMs = Date.now() + drainTimeoutMs;
      while (true) {
        const delivered = (await database.countJobs(tenantId))['delivered'] ?? 0;
        if (delivered >= expected || Date.now() > deadlineMs) return delivered;
        await sleep(drainPollMs);
      }
    },
  };
}

function describeBriefly({ subject, load, donePerSecond, doneMs, failures }: Measurement): string {
  const failed = failures.length === 0 ? '' : `, ${failures.length} FAILED: ${failures[0]}`;
  return `${subject}, ${load}: ${donePerSecond.toFixed(1)}/s, p95 ${doneMs?.p95.toFixed(0) ?? '–'} ms${failed}`;
}
