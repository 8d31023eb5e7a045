import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobReference } from '../../src/contracts/workflows.ts';
import { listJobDeliveries } from '../../src/store/deliveries.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
let silent: Server;
let calls = 0;
let answers = false;

beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['u1']);
  silent = createServer((_request, response) => {
    calls += 1;
    if (answers) response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await bench.close();
});

/** A batch whose callbacks are ready to be sent. */
async function prepare(integration: string, failures: number): Promise<JobReference> {
  const userIds = Array.from({ length: failures }, (_, index) => `nobody${index}`);
  const job = await bench.accept([{ merchantId: 'm1', userIds }], { integration });
  const reference = { tenantId: bench.tenantId, jobId: job.id };
  await bench.activities.openBatch(reference);
  await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 1_000 });
  await bench.activities.prepareErrorCallbacks(reference);
  return reference;
}

async function integrateSilent(name: string): Promise<void> {
  calls = 0;
  answers = false;
  // A TCP server that listens has an address with a port.
  const { port } = silent.address() as AddressInfo;
  await bench.integrate(name, { url: `http://127.0.0.1:${port}`, retryScheduleSeconds: [0, 5, 30, 120] });
}

const deliveriesOf = (jobId: string) => bench.tx((tx) => listJobDeliveries(tx, jobId, { limit: 100, after: '0' }));
const send = (reference: JobReference) => bench.activities.sendErrorCallbacks(reference);

describe('an integrator that does not answer', () => {
  it('holds two places for one time-out, then none, delays nobody else, and is found by a probe when it is back', async () => {
    await integrateSilent('silent');
    const batches = await Promise.all(Array.from({ length: 5 }, () => prepare('silent', 20)));
    const other = await prepare('erp', 20);
    const startMs = performance.now();
    let otherMs = 0;
    const [sent] = await Promise.all([
      Promise.all(batches.map(send)),
      send(other).then((result) => {
        otherMs = performance.now() - startMs;
        expect(result).toEqual({ pending: 0, nextDueMs: null });
      }),
    ]);
    expect(bench.integrator.received).toHaveLength(20);
    // One time-out of this bench's client is 2 s.
    expect(otherMs).toBeLessThan(2_000);
    // Ten at once, and four more until the fifth time-out closed the gate.
    const callsOfRuns = calls;
    expect(callsOfRuns).toBeLessThanOrEqual(14);
    expect(sent.filter(({ nextDueMs }) => nextDueMs === 5_000)).toHaveLength(3);

    const waits = await Promise.all(batches.map(send));
    expect(calls).toBe(callsOfRuns);
    expect(waits.every(({ pending, nextDueMs }) => pending === 20 && nextDueMs !== null && nextDueMs > 5_000)).toBe(
      true,
    );

    bench.pass(10_000);
    await Promise.all(batches.map(send));
    expect(calls).toBe(callsOfRuns + 1);

    answers = true;
    bench.pass(20_000);
    for (let round = 0; round < 10; round += 1) {
      for (const reference of batches) await send(reference);
      bench.pass(60_000);
    }
    const states = await Promise.all(batches.map(({ jobId }) => deliveriesOf(jobId)));
    expect(states.flat().filter(({ state }) => state !== 'delivered')).toEqual([]);
  });

  it('for as long as its schedule lasts is given up, with every callback on record', async () => {
    await integrateSilent('dead');
    const reference = await prepare('dead', 12);
    await send(reference);
    // Its schedule and ten minutes, with the probes in between.
    let result = await send(reference);
    for (let round = 0; round < 20 && result.nextDueMs !== null; round += 1) {
      bench.pass(260_000);
      result = await send(reference);
    }
    expect(result).toEqual({ pending: 0, nextDueMs: null });
    const closed = await bench.activities.closeBatch(reference);
    expect([closed.state, closed.errorCode]).toEqual(['failed', 'custom_notification_not_delivered']);
    const deliveries = await deliveriesOf(reference.jobId);
    expect(deliveries.map(({ state, error }) => [state, error?.code])).toEqual(
      Array(12).fill(['failed', 'custom_notification_errors_not_delivered']),
    );
  });
});
