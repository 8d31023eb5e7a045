import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aCaller } from '../support/a-caller.ts';
import { verifyPost } from '../support/webhook-sink.ts';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';

const dayMs = 24 * 60 * 60_000;
let place: WebhookFixture;
let channelId: string;
beforeAll(async () => {
  place = await openWebhookFixture();
  channelId = await place.addChannel();
});
beforeEach(() => {
  place.sink.answer = () => ({ status: 204 });
});
afterAll(() => place.close());

describe('the webhook relay', () => {
  it('sends every wanted event once, signed, with the id of the event and the bytes of its record', async () => {
    const { id, path, secret } = await place.addWebhook({ events: ['message.accepted', 'message.delivered'] });
    const jobs = [];
    for (let count = 0; count < 5; count += 1) jobs.push(await place.makeEvents(channelId));
    expect(await place.relay(id)).toEqual({ delivered: 10, hasMore: false });
    expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
    const posts = place.sink.at(path);
    for (const post of posts) {
      verifyPost(post, secret);
      expect(post.webhookId).toBe(post.event.id);
    }
    for (const job of jobs) {
      const own = posts.filter(({ event }) => event.data.id === job);
      expect(own.map(({ event }) => event.type)).toEqual(['message.accepted', 'message.delivered']);
      const [stored] = await place.rows<{ data: string; id: string }>(
        "select id, data::text as data from event where job_id = $1 and type = 'message.accepted'",
        [job],
      );
      expect(own[0]?.body).toContain(`"data":${stored?.data}`);
    }
    const deliveries = await place.deliveriesOf(id);
    expect(deliveries).toHaveLength(10);
    expect(deliveries[0]).toMatchObject({
      kind: 'event',
      state: 'delivered',
      attempts: [{ number: 1, httpStatus: 204 }],
    });
  });

  it('takes a few transactions a batch, however many events are in it', async () => {
    const { id } = await place.addWebhook({ events: ['message.accepted', 'message.delivered'] });
    const relayOf = async (messages: number): Promise<number> => {
      for (let count = 0; count < messages; count += 1) await place.makeEvents(channelId);
      const before = place.transactionCount();
      expect(await place.relay(id)).toEqual({ delivered: 2 * messages, hasMore: false });
      return place.transactionCount() - before;
    };
    // Fifteen, and some looks more where something else is just being committed.
    expect(await relayOf(1)).toBeLessThanOrEqual(18);
    expect(await relayOf(10)).toBeLessThanOrEqual(18);
  });

  it('tells an endpoint what happens after it was made, of the types that it asked for', async () => {
    await place.makeEvents(channelId);
    const { id, path } = await place.addWebhook({ events: ['notification.*', 'message.delivered'] });
    const job = await place.makeEvents(channelId);
    await place.relay(id);
    expect(place.sink.at(path).map(({ event }) => [event.type, event.data.id])).toEqual([['message.delivered', job]]);
  });

  it('sends twice at the worst where two of it run at once, and records once', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    for (let count = 0; count < 5; count += 1) await place.makeEvents(channelId);
    await Promise.all([place.relay(id), place.relay(id)]);
    expect(new Set(place.sink.at(path).map(({ webhookId }) => webhookId)).size).toBe(5);
    expect((await place.deliveriesOf(id)).map(({ state, attempts }) => [state, attempts.length])).toEqual(
      Array.from({ length: 5 }, () => ['delivered', 1]),
    );
    expect(await place.relay(id)).toMatchObject({ delivered: 0 });
  });

  it('gives back what it has not sent when its worker shuts down', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    for (let count = 0; count < 3; count += 1) await place.makeEvents(channelId);
    let answered = 0;
    place.sink.answer = () => {
      answered += 1;
      place.worker.isStopping = answered >= 1;
      return { status: 204 };
    };
    expect(await place.relay(id)).toMatchObject({ hasMore: true });
    place.worker.isStopping = false;
    place.sink.answer = () => ({ status: 204 });
    await place.relay(id);
    expect(place.sink.at(path)).toHaveLength(3);
    expect((await place.deliveriesOf(id)).map(({ state, attempts }) => [state, attempts.length])).toEqual(
      Array.from({ length: 3 }, () => ['delivered', 1]),
    );
  });

  it('signs with both secrets for a day after a rotation, and then with the new one alone', async () => {
    const { id, path, secret } = await place.addWebhook({ events: ['message.delivered'] });
    const { secret: renewed } = await place.withTenant((tx) =>
      place.configurer.rotate(tx, aCaller(place.tenantId), id),
    );
    await place.makeEvents(channelId);
    await place.relay(id);
    const [overlap] = place.sink.at(path);
    if (overlap === undefined) throw new Error('nothing came');
    for (const each of [secret, renewed]) verifyPost(overlap, each);
    expect(overlap.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    place.skip(dayMs + 60_000);
    await place.makeEvents(channelId);
    await place.relay(id);
    const later = place.sink.at(path)[1];
    // Its time is a day ahead of the library's clock, which would refuse it for that alone.
    const sentAt = new Date(Number(later?.headers['webhook-timestamp']) * 1_000);
    expect(later?.headers['webhook-signature']).toBe(
      new Webhook(renewed).sign(later?.webhookId ?? '', sentAt, later?.body ?? ''),
    );
  });

  it("sends the owner's headers along, keeps them from what is shown of the answer, and shows their names alone", async () => {
    const { id, path } = await place.addWebhook({
      events: ['message.delivered'],
      headers: { Authorization: 'Bearer of-the-owner', 'X-Team': 'billing' },
    });
    place.sink.answer = () => ({ status: 500, body: 'Bearer of-the-owner is wrong' });
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(place.sink.at(path)[0]?.headers).toMatchObject({
      authorization: 'Bearer of-the-owner',
      'x-team': 'billing',
    });
    const [delivery] = await place.deliveriesOf(id);
    expect(delivery?.attempts[0]?.responseExcerpt).toBe('[redacted] is wrong');
    const webhook = await place.findWebhook(id);
    expect(webhook?.headerNames).toEqual(['Authorization', 'X-Team']);
    const change = { headers: { 'X-Team': 'sales' } };
    const changed = await place.withTenant((tx) => place.configurer.change(tx, place.by, id, change));
    expect(changed.headerNames).toEqual(['X-Team']);
    place.skip(7_000);
    await place.relay(id);
    expect(place.sink.at(path)[1]?.headers).toMatchObject({ 'x-team': 'sales' });
    expect(place.sink.at(path)[1]?.headers).not.toHaveProperty('authorization');
  });

  it('waits a day at most, however long an endpoint asks for', async () => {
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status: 503, headers: { 'retry-after': '999999999' } });
    await place.makeEvents(channelId);
    await place.relay(id);
    const due = (await place.deliveriesOf(id))[0]?.nextAttemptAt?.getTime() ?? Number.NaN;
    expect(Math.abs(due - place.clock().getTime() - dayMs)).toBeLessThan(60_000);
  });

  it('waits before the first try too, where the schedule says so', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [60] });
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(place.sink.at(path)).toEqual([]);
    expect(await place.deliveriesOf(id)).toMatchObject([{ state: 'pending', attempts: [] }]);
    place.skip(61_000);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
  });

  it('sends what waits to the present URL, and nothing more to an endpoint that was removed', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status: 500 });
    await place.makeEvents(channelId);
    await place.relay(id);
    place.sink.answer = () => ({ status: 204 });
    await place.withTenant((tx) => place.configurer.change(tx, place.by, id, { url: `${place.sink.url}/moved` }));
    place.skip(10_000);
    await place.relay(id);
    expect([place.sink.at(path).length, place.sink.at('/moved').length]).toEqual([1, 1]);
    expect(await place.deliveriesOf(id)).toMatchObject([{ url: `${place.sink.url}/moved`, state: 'delivered' }]);
    await place.withTenant((tx) => place.configurer.remove(tx, place.by, id));
    await place.makeEvents(channelId);
    expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
  });

  it('logs one line a try with its ids, and nothing of the message', async () => {
    place.logged.length = 0;
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(place.logged).toEqual([
      expect.objectContaining({ endpointId: id, type: 'message.delivered', attempt: 1, outcome: 'http_204' }),
    ]);
    expect(JSON.stringify(place.logged)).not.toContain('34600111222');
  });
});
