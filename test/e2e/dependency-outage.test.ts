import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../../dev/postgres-server.ts';
import { findFreePorts } from '../../dev/server-process.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, type Caller } from '../support/caller.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

const outageMs = 3_000;
/** The promise: what was stored and not started is started within 10 s. */
const startBoundMs = 10_000;

let home: string;
let postgres: PostgresServer;
let temporal: Awaited<ReturnType<typeof startOwnTemporal>>;
let place: Product;
let tenant: Caller;
let api: RunningProcess;
let worker: RunningProcess;

// Servers of its own: the other files use the shared ones.
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'waypost-outage-'));
  [postgres, temporal] = await Promise.all([
    startPostgres({ dataDir: join(home, 'postgres'), log: () => undefined }),
    startOwnTemporal(),
  ]);
  place = await openProduct({ serverUrl: postgres.url, temporalAddress: temporal.address });
  [api, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  await place.makeChannel(tenant);
});
afterAll(async () => {
  await place.close();
  await Promise.all([postgres.stop(), temporal.stop()]);
  await rm(home, { recursive: true, force: true });
});

const sendsOf = ({ id }: JobView) => place.kernel.sends.countSends(id);

/** Hands over messages one after the other for as long as `count` lasts; each call is repeated until it is accepted. */
async function sendSteadily(count: number, everyMs: number): Promise<JobView[]> {
  const calls: Promise<JobView>[] = [];
  for (let index = 0; index < count; index += 1) {
    calls.push(sendUntilAccepted());
    await sleep(everyMs);
  }
  return Promise.all(calls);
}

async function sendUntilAccepted(): Promise<JobView> {
  const request = { body: aMessage(), headers: { 'idempotency-key': randomUUID() } };
  const answer = await poll({
    what: 'a message is accepted',
    look: () => tenant.call('POST /v1/messages', request),
    isDone: ({ status }) => status === 202,
    timeoutMs: 30_000,
  });
  return JSON.parse(answer.text) as JobView; // cast: the API's contract
}

/** Waits until all are read, and returns what must not be: an error on the record, a send too many without its mark. */
async function findFaults(jobs: readonly JobView[]) {
  const ended = await Promise.all(jobs.map(({ id }) => tenant.follow(id, ['read'], 60_000)));
  return {
    failed: ended.filter(({ error }) => error !== null),
    unmarked: ended.filter((job) => sendsOf(job) !== 1 && !job.possibleDuplicate),
  };
}
const noFaults = { failed: [], unmarked: [] };

async function readiness(url: string) {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, body: (await answer.json()) as { checks: Record<string, string>; down?: string[] } };
}

describe('while Temporal is away', () => {
  it('intake goes on, /readyz names it, and the messages go out within 10 s once a worker reaches it', async () => {
    const [closedPort = 0] = await findFreePorts(1);
    await api.stop();
    api = await place.startApi({ TEMPORAL_ADDRESS: `127.0.0.1:${closedPort}` });
    const ready = await readiness(api.url);
    // Intake goes on, so a load balancer must not take the api out.
    expect([ready.status, ready.body]).toMatchObject([
      200,
      { status: 'degraded', checks: { postgres: 'ok', schema: 'ok', temporal: 'down' }, degraded: ['temporal'] },
    ]);
    const jobs = await Promise.all(Array.from({ length: 5 }, () => tenant.send()));
    expect(await findFaults(jobs)).toEqual(noFaults);
    for (const { id, createdAt } of jobs) {
      const [attempt] = await tenant.list<{ startedAt: string }>(`/v1/jobs/${id}/attempts`);
      expect(Date.parse(attempt?.startedAt ?? '') - Date.parse(createdAt)).toBeLessThanOrEqual(startBoundMs);
    }
    await api.stop();
    api = await place.startApi();
  });

  it('nothing is lost where it is killed among the messages and comes back', async () => {
    const sending = sendSteadily(40, 50);
    await sleep(500);
    await temporal.restart('kill');
    expect(await findFaults(await sending)).toEqual(noFaults);
    expect([(await readiness(api.url)).status, (await readiness(worker.url)).status]).toEqual([200, 200]);
  });
});

describe('while Postgres is away', () => {
  it('for 3 s among the messages, nothing accepted is lost, and api and worker go on by themselves', async () => {
    const { port } = new URL(postgres.url);
    const sending = sendSteadily(50, 100);
    await sleep(1_000);
    await postgres.stop();
    const away = await readiness(api.url);
    expect([away.status, away.body.checks['postgres'], away.body.checks['temporal']]).toEqual([503, 'down', 'ok']);
    expect((await fetch(`${api.url}/livez`)).status).toBe(200);
    expect((await readiness(worker.url)).body.checks['postgres']).toBe('down');
    await sleep(outageMs);
    postgres = await startPostgres({ dataDir: join(home, 'postgres'), port: Number(port), log: () => undefined });
    expect(await findFaults(await sending)).toEqual(noFaults);
    expect([(await readiness(api.url)).status, (await readiness(worker.url)).status]).toEqual([200, 200]);
  });

  it('a call is refused with a problem that says when to try again', async () => {
    await postgres.stop();
    const answer = await tenant.call('POST /v1/messages', { body: aMessage() });
    postgres = await startPostgres({
      dataDir: join(home, 'postgres'),
      port: Number(new URL(postgres.url).port),
      log: () => undefined,
    });
    expect([answer.status, answer.at('code')]).toEqual([503, 'service_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('a crash of the server with its recovery loses nothing either', async () => {
    const sending = sendSteadily(30, 50);
    await sleep(500);
    await postgres.restart('kill');
    expect(await findFaults(await sending)).toEqual(noFaults);
  });
});
