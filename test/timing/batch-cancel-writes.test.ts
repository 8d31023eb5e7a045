// A batch's cancel was answered while the connection for a push, or for an error callback, was still being made: both were
// written after the answer, callbacks for up to 30 s, and the recipient of the cancelled batch became `delivered`.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { writeWithinMs } from '../../src/domain/notification/control.ts';
import { replayDelivery } from '../../src/usecases/replay-delivery.ts';
import { type LateFixture, openLateFixture } from '../support/late-fixture.ts';

let bench: LateFixture;
const users = Array.from({ length: 12 }, (_user, index) => `user-${index}`);

beforeAll(async () => {
  bench = await openLateFixture();
  for (const user of users) await bench.device(user, [`${user}-device`]);
});
afterEach(() => {
  vi.restoreAllMocks();
  bench.delayLookUps(async () => undefined);
  bench.push.clear();
  bench.integrator.received.length = 0;
});
afterAll(() => bench.close());

const reference = (job: Job) => ({ tenantId: bench.tenantId, jobId: job.id });

/** A page that has come to the look-up before its first connection. */
async function startPage(job: Job) {
  const running = bench.processPage(job);
  await expect.poll(bench.lookUps).toBeGreaterThan(0);
  return { running };
}

/** As a process that was stopped finds the time when it goes on. */
function standStill(): void {
  const monotonicNowMs = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => monotonicNowMs() + writeWithinMs);
}

const statesOf = async (job: Job) => new Set((await bench.recipients(job)).map(({ state }) => state));

describe('pushes whose connection is still being made when their batch is cancelled', () => {
  it('are never written once the cancel was answered, and their recipients stay cancelled', async () => {
    await bench.useHost('push-1');
    const release = bench.holdLookUps();
    const job = await bench.open(users);
    const { running } = await startPage(job);
    const beganMs = Date.now();
    const { answeredMs } = await bench.cancel(job);
    expect(answeredMs - beganMs).toBeLessThan(writeWithinMs + 2_000);
    release();
    expect(await running).toEqual({ done: 0, isCancelled: true });
    await bench.closeBatch(job);
    expect(bench.push.requests.list()).toEqual([]);
    expect([await statesOf(job), await bench.attempts(job)]).toEqual([new Set(['cancelled']), []]);
  });

  it('that are written before keep their outcome, and are recorded before the answer', async () => {
    await bench.useHost('push-2');
    const release = bench.holdLookUps();
    const job = await bench.open(users);
    const { running } = await startPage(job);
    setTimeout(release, 300);
    const beganMs = Date.now();
    const { answeredMs } = await bench.cancel(job);
    expect(answeredMs - beganMs).toBeLessThan(writeWithinMs);
    expect((await bench.look(job)).counts).toMatchObject({ delivered: users.length, pending: 0 });
    await running;
    await bench.closeBatch(job);
    expect(await statesOf(job)).toEqual(new Set(['delivered']));
    expect(bench.push.requests.list().filter(({ at }) => at > answeredMs)).toEqual([]);
  });
});

describe('pushes of a worker that stands still between its look at the batch and the write', () => {
  it('are not written on a look that is too old, and go out with the next one', async () => {
    await bench.useHost('push-3');
    const release = bench.holdLookUps();
    const job = await bench.open(users);
    const { running } = await startPage(job);
    let begunAnew = 0;
    bench.beforePush = () => void (begunAnew += 1);
    standStill();
    release();
    await running;
    bench.beforePush = () => undefined;
    expect(begunAnew).toBe(users.length);
    expect(await statesOf(job)).toEqual(new Set(['delivered']));
    expect(users.filter((user) => bench.sendsTo(`${user}-device`) !== 1)).toEqual([]);
    expect((await bench.recipients(job)).filter(({ possibleDuplicate }) => possibleDuplicate)).toEqual([]);
  });

  it('say nothing of a recipient of whom another device was refused before', async () => {
    await bench.useHost('push-5');
    await bench.processPage(await bench.open(['user-0']));
    // One connection is open: the first device gets it.
    await bench.device('twin', ['twin-dead', 'twin-live']);
    bench.push.script('twin-dead', [pushError(404, 'UNREGISTERED')]);
    const release = bench.holdLookUps();
    const job = await bench.open(['twin']);
    const running = bench.processPage(job);
    await expect.poll(() => bench.sendsTo('twin-dead')).toBe(1);
    standStill();
    release();
    await running;
    expect([bench.sendsTo('twin-dead'), bench.sendsTo('twin-live')]).toEqual([1, 1]);
    expect(await bench.recipients(job)).toMatchObject([{ state: 'delivered', possibleDuplicate: false }]);
  });

  it('are not written after the batch has expired', async () => {
    await bench.useHost('push-4');
    const release = bench.holdLookUps();
    const job = await bench.notify(users, { expiresAt: new Date(bench.now().getTime() + 3_000) });
    await bench.activities.openBatch(reference(job));
    const { running } = await startPage(job);
    bench.pass(3_000);
    release();
    await running;
    expect(bench.push.requests.list()).toEqual([]);
    expect([(await bench.look(job)).state, await statesOf(job)]).toEqual(['expired', new Set(['cancelled'])]);
  });
});

describe('error callbacks of a batch that is cancelled', () => {
  /** A batch whose recipients nobody knows, with a callback for each. */
  async function openWithCallbacks(index: number): Promise<Job> {
    await bench.integrate(`late-${index}`, { url: bench.named(bench.integrator.url, `integrator-${index}`) });
    const strangers = Array.from({ length: 60 }, (_user, each) => `stranger-${each}`);
    const job = await bench.notify(strangers, { integration: `late-${index}` });
    await bench.activities.openBatch(reference(job));
    await bench.processPage(job);
    expect(await bench.activities.prepareErrorCallbacks(reference(job))).toEqual({ callbacks: 60 });
    return job;
  }

  it('are never written once the cancel was answered, unless an operator replays one', async () => {
    const release = bench.holdLookUps();
    const job = await openWithCallbacks(6);
    const running = bench.activities.sendErrorCallbacks(reference(job));
    await expect.poll(bench.lookUps).toBeGreaterThan(0);
    await bench.cancel(job);
    release();
    await running;
    await bench.closeBatch(job);
    expect(bench.integrator.received).toEqual([]);
    const deliveries = await bench.deliveries(job);
    expect(new Set(deliveries.map(({ state, attempts }) => `${state} ${attempts.length}`))).toEqual(
      new Set(['failed 0']),
    );

    const [first] = deliveries;
    await bench.tx((tx) => replayDelivery(tx, first?.id ?? '', new Date()));
    const replayed = await bench.activities.sendReplay({ tenantId: bench.tenantId, deliveryId: first?.id ?? '' });
    expect([replayed, bench.integrator.received.length]).toEqual([{ state: 'delivered' }, 1]);
  });

  it('that were written before keep what the integrator said, although the batch was stopped meanwhile', async () => {
    const job = await openWithCallbacks(7);
    const release = bench.holdLookUps();
    const running = bench.activities.sendErrorCallbacks(reference(job));
    await expect.poll(bench.lookUps).toBeGreaterThan(0);
    const cancelling = bench.cancel(job);
    await expect.poll(async () => (await bench.look(job)).state).toBe('cancelled');
    // Its workflow is woken at once, and stops what is pending.
    await bench.closeBatch(job);
    release();
    await cancelling;
    await running;
    const taken = bench.integrator.received.length;
    expect(taken).toBeGreaterThan(0);
    const deliveries = await bench.deliveries(job);
    const delivered = deliveries.filter(({ state }) => state === 'delivered');
    expect(delivered.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual(
      Array.from({ length: taken }, () => ['accepted']),
    );
    expect(deliveries.filter(({ state }) => state === 'failed')).toHaveLength(60 - taken);
  });
});
