import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';
import { startWebhookSink, verifyPost } from '../support/webhook-sink.ts';

type Sink = Awaited<ReturnType<typeof startWebhookSink>>;
interface Subscription {
  readonly id: string;
  readonly secret: string;
}

/** The sweep starts a relay within a second of the first event; the rest is room for a machine that others use too. */
const inTimeMs = 10_000;
const recoveryMs = 90_000;
/** When a post that nobody answers is given up. */
const timeoutMs = 15_000;

let place: Product;
let tenant: Caller;
let channelId: string;
let worker: RunningProcess;
let healthy: Sink;
let dead: Sink;
let silent: Sink;
beforeAll(async () => {
  place = await borrowProduct();
  [healthy, dead, silent] = await Promise.all([startWebhookSink(), startWebhookSink(), startWebhookSink()]);
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  channelId = (await place.makeChannel(tenant)).id;
});
afterAll(async () => {
  await place.close();
  await Promise.all([healthy.stop(), dead.stop(), silent.stop()]);
});

const subscribe = (sink: Sink, members: object = {}) =>
  tenant.ask<Subscription>('POST /v1/webhooks', { url: `${sink.url}/hook`, ...members });

async function sendMessages(count: number): Promise<string[]> {
  const jobs = await Promise.all(Array.from({ length: count }, () => tenant.send({ channelId })));
  for (const { id } of jobs) await tenant.follow(id, ['read']);
  return jobs.map(({ id }) => id);
}

/** Every event of the tenant, as the feed tells them. */
async function readFeed(): Promise<{ id: string; type: string; timestamp: string }[]> {
  const all = [];
  for (let after = ''; ;) {
    const page = await tenant.ask<{ data: { id: string; type: string; timestamp: string }[]; nextCursor: string }>(
      `GET /v1/events?limit=200${after === '' ? '' : `&after=${after}`}`,
    );
    all.push(...page.data);
    if (page.data.length === 0) return all;
    after = page.nextCursor;
  }
}

const takenIds = (sink: Sink) =>
  new Set(sink.posts.filter(({ status }) => status !== null && status < 300).map(({ event }) => event.id));

/** How long after its event each post came, the slowest last. */
const waitsOf = (sink: Sink, feed: readonly { readonly id: string }[]) =>
  sink.posts
    .filter(({ event }) => feed.some(({ id }) => id === event.id))
    .map(({ at, event }) => at - Date.parse(event.timestamp))
    .toSorted((one, other) => one - other);

/** Waits until a sink has taken every event of the feed, and returns the feed. */
async function waitUntilComplete(sink: Sink, timeoutMs: number) {
  const feed = await readFeed();
  await poll({
    what: 'every event of the feed at the subscriber',
    look: () => feed.map(({ id }) => id).filter((id) => !takenIds(sink).has(id)),
    isDone: (missing) => missing.length === 0,
    timeoutMs,
  });
  return feed;
}

describe('two subscribers', () => {
  it('do not wait for each other: one is down, and the other gets every event in time, signed', async () => {
    const { secret } = await subscribe(healthy);
    await subscribe(dead, { retrySchedule: [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2] });
    await dead.goDown();
    await sendMessages(15);
    const feed = await waitUntilComplete(healthy, inTimeMs);
    expect(feed.length).toBeGreaterThanOrEqual(15 * 2);
    for (const post of healthy.posts) verifyPost(post, secret);
    for (const { event } of healthy.posts) expect(feed).toContainEqual(expect.objectContaining({ id: event.id }));
    expect(dead.posts).toEqual([]);
  });

  it('get everything once they are up again, though the worker was killed meanwhile', async () => {
    const sending = sendMessages(10);
    await worker.kill();
    worker = await place.startWorker();
    await sending;
    await dead.comeBack();
    const feed = await waitUntilComplete(dead, recoveryMs);
    await waitUntilComplete(healthy, recoveryMs);
    for (const sink of [healthy, dead]) {
      expect(takenIds(sink)).toEqual(new Set(feed.map(({ id }) => id)));
      for (const { webhookId, event } of sink.posts) expect(webhookId).toBe(event.id);
    }
  });

  it('are told side by side: while one says nothing until its time is over, the other has everything long before', async () => {
    const before = new Set((await readFeed()).map(({ id }) => id));
    await sendMessages(5);
    const alone = (await waitUntilComplete(healthy, inTimeMs)).filter(({ id }) => !before.has(id));
    silent.answer = () => null;
    const { id } = await subscribe(silent);
    await sendMessages(5);
    const all = await waitUntilComplete(healthy, inTimeMs);
    const beside = all.filter((event) => !before.has(event.id) && !alone.some((each) => each.id === event.id));
    await poll({
      what: 'the silent one is told, too',
      look: () => silent.posts.length,
      isDone: (count) => count > 0,
      timeoutMs: inTimeMs,
    });
    // Nobody has given up the silent one yet: all of it was beside posts that still hang.
    const { failuresInARow } = await tenant.ask<{ failuresInARow: number }>(`GET /v1/webhooks/${id}`);
    expect(failuresInARow).toBe(0);
    const slowest = [alone, beside].map((feed) => waitsOf(healthy, feed).at(-1) ?? Number.NaN);
    expect([slowest, slowest.every((ms) => ms < timeoutMs)]).toEqual([slowest, true]);
    await tenant.ask(`DELETE /v1/webhooks/${id}`);
  });

  it('are listed with their deliveries, at the endpoint and at the job', async () => {
    const [jobId = ''] = await sendMessages(1);
    await waitUntilComplete(healthy, inTimeMs);
    const deliveries = await poll({
      what: 'the deliveries of the job',
      look: () => tenant.list<{ kind: string; state: string; eventId: string }>(`/v1/jobs/${jobId}/deliveries`),
      isDone: (list) =>
        list.filter(({ kind }) => kind === 'event').length >= 4 && list.every(({ state }) => state === 'delivered'),
      timeoutMs: inTimeMs,
    });
    expect(new Set(deliveries.map(({ kind }) => kind))).toEqual(new Set(['event', 'kpi']));
  });
});
