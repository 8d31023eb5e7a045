import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
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

const nextOf = async (webhookId: string) => (await place.deliveriesOf(webhookId))[0]?.nextAttemptAt?.getTime() ?? null;
const waitOf = async (webhookId: string) => ((await nextOf(webhookId)) ?? 0) - place.clock().getTime();

describe('a delivery that is refused', () => {
  it('is tried again on the schedule with the same id and bytes and a new time, until it is taken', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [0, 5, 300] });
    place.sink.answer = () => ({ status: 503 });
    await place.makeEvents(channelId);
    expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
    expect(Math.abs((await waitOf(id)) - 5_000)).toBeLessThan(4_000);
    place.skip(6_000);
    await place.relay(id);
    expect(Math.round((await waitOf(id)) / minuteMs)).toBe(5);
    place.sink.answer = () => ({ status: 200 });
    place.skip(5 * minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
    const posts = place.sink.at(path);
    expect(new Set(posts.map(({ body }) => body)).size).toBe(1);
    expect(new Set(posts.map(({ webhookId }) => webhookId)).size).toBe(1);
    expect(new Set(posts.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3);
    const [delivery] = await place.deliveriesOf(id);
    expect(delivery).toMatchObject({
      state: 'delivered',
      error: null,
      attempts: [
        { number: 1, outcome: 'retry', httpStatus: 503, problem: { code: 'endpoint_http_error', source: 'webhook' } },
        { number: 2, outcome: 'retry' },
        { number: 3, outcome: 'accepted', httpStatus: 200, problem: null },
      ],
    });
  });

  it.each([301, 404, 429])('is tried again after %i, and a redirect is not followed', async (status) => {
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status, headers: { location: `${place.sink.url}/elsewhere` } });
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(await place.deliveriesOf(id)).toMatchObject([
      { state: 'pending', error: null, attempts: [{ outcome: 'retry', httpStatus: status }] },
    ]);
    expect(place.sink.at('/elsewhere')).toEqual([]);
  });

  it('waits longer than its endpoint where Retry-After asks for more than ten minutes, and alone once that is enabled', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status: 429, headers: { 'retry-after': '7200' } });
    const busy = await place.makeEvents(channelId);
    await place.relay(id);
    expect((await place.findWebhook(id))?.probeAt?.getTime()).toBeLessThan(place.clock().getTime() + 10.5 * minuteMs);
    place.sink.answer = () => ({ status: 204 });
    const ids = [busy, await place.makeEvents(channelId)];
    await place.withTenant((tx) => place.configurer.enable(tx, place.by, id));
    await place.relay(id);
    expect(place.sink.at(path).map(({ event }) => event.data.id)).toEqual(ids);
    place.skip(121 * minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
  });

  it('waits as long as Retry-After asks, and so does everything else for that endpoint', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status: 429, headers: { 'retry-after': '600' } });
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(Math.round((await waitOf(id)) / minuteMs)).toBe(10);
    await place.makeEvents(channelId);
    await place.relay(id);
    expect(place.sink.at(path)).toHaveLength(1);
    place.sink.answer = () => ({ status: 204 });
    place.skip(11 * minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 2 });
  });

  it('fails with its last problem when it is out of tries; the others are told, and nobody is told of that again', async () => {
    const types = ['message.delivered', 'webhook.*'];
    const dead = await place.addWebhook({ events: types, retrySchedule: [0, 1] });
    const dying = await place.addWebhook({ events: ['webhook.*'], retrySchedule: [0] });
    const other = await place.addWebhook({ events: ['webhook.*'] });
    place.sink.answer = ({ data }) => ({ status: data.id.startsWith('msg_') ? 500 : 204 });
    await place.makeEvents(channelId);
    await place.relay(dead.id);
    place.skip(2_000);
    await place.relay(dead.id);
    const [failed] = await place.deliveriesOf(dead.id);
    expect(failed).toMatchObject({ state: 'failed', nextAttemptAt: null, error: { attempt: 2, recoverable: false } });
    expect(failed?.error).toEqual(failed?.attempts[1]?.problem);
    expect(await place.relay(other.id)).toMatchObject({ delivered: 1 });
    const [told] = place.sink.at(other.path);
    expect(told?.event).toMatchObject({ type: 'webhook.exhausted', data: { id: dead.id, deliveryId: failed?.id } });
    expect(await place.relay(dead.id)).toMatchObject({ delivered: 0 });
    place.sink.answer = () => ({ status: 500 });
    await place.relay(dying.id);
    expect(await place.deliveriesOf(dying.id)).toMatchObject([{ state: 'failed' }]);
    place.sink.answer = () => ({ status: 204 });
    expect(await place.relay(other.id)).toMatchObject({ delivered: 0 });
  });

  it('stores each problem, so that it can be looked up', async () => {
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    place.sink.answer = () => ({ status: 404 });
    await place.makeEvents(channelId);
    await place.relay(id);
    const problemId = (await place.deliveriesOf(id))[0]?.attempts[0]?.problem?.instance.split('/').at(-1);
    expect(await place.rows('select code, source from problem where id = $1', [problemId])).toEqual([
      { code: 'endpoint_http_error', source: 'webhook' },
    ]);
  });
});

describe('an endpoint that fails', () => {
  it('gets one try at a time after ten failures in a row, with growing pauses, and everything when it answers again', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [0, 3_600, 3_600] });
    place.sink.answer = () => ({ status: 500 });
    for (let count = 0; count < 25; count += 1) await place.makeEvents(channelId);
    await place.relay(id);
    const burst = place.sink.at(path).length;
    expect(burst).toBeGreaterThanOrEqual(10);
    expect(burst).toBeLessThan(20);
    expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
    expect(place.sink.at(path)).toHaveLength(burst);
    const pauses: number[] = [];
    for (let probe = 1; probe <= 4; probe += 1) {
      const webhook = await place.findWebhook(id);
      const pauseMs = (webhook?.probeAt?.getTime() ?? 0) - place.clock().getTime();
      pauses.push(pauseMs);
      place.skip(pauseMs);
      await place.relay(id);
      expect(place.sink.at(path)).toHaveLength(burst + probe);
    }
    expect(pauses.map((ms) => Math.round(ms / 1_000))).toEqual([2, 4, 8, 16]);
    place.sink.answer = () => ({ status: 204 });
    place.skip(5 * minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 25 });
    expect((await place.deliveriesOf(id)).every(({ state }) => state === 'delivered')).toBe(true);
    expect(await place.findWebhook(id)).toMatchObject({ failuresInARow: 0, failingSince: null, probeAt: null });
  });

  it('is disabled at once by 410, with what waits for it; the others are told', async () => {
    const gone = await place.addWebhook({ events: ['message.delivered'] });
    const other = await place.addWebhook({ events: ['webhook.disabled'] });
    place.sink.answer = () => ({ status: 503 });
    await place.makeEvents(channelId);
    await place.relay(gone.id);
    place.sink.answer = ({ type }) => ({ status: type === 'message.delivered' ? 410 : 204 });
    await place.makeEvents(channelId);
    await place.relay(gone.id);
    expect(await place.findWebhook(gone.id)).toMatchObject({
      state: 'disabled',
      disabledReason: { code: 'endpoint_gone', source: 'webhook' },
    });
    expect((await place.deliveriesOf(gone.id)).map(({ state, error }) => [state, error?.code])).toEqual([
      ['disabled', 'endpoint_gone'],
      ['disabled', 'endpoint_gone'],
    ]);
    await place.relay(other.id);
    expect(place.sink.at(other.path).map(({ event }) => event)).toMatchObject([
      { type: 'webhook.disabled', data: { id: gone.id, state: 'disabled', disabledReason: { code: 'endpoint_gone' } } },
    ]);
    await place.makeEvents(channelId);
    expect(await place.relay(gone.id)).toEqual({ delivered: 0, hasMore: false });
  });

  it('is disabled after five days in which it took nothing of ten attempts at least', async () => {
    const { id } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [0, 86_400] });
    place.sink.answer = () => ({ status: 500 });
    for (const waitDays of [0, 4.5, 0.6]) {
      place.skip(waitDays * dayMs);
      await place.makeEvents(channelId);
      await place.relay(id);
    }
    expect(await place.findWebhook(id)).toMatchObject({ state: 'enabled' });
    for (let count = 0; count < 9; count += 1) await place.makeEvents(channelId);
    await place.relay(id);
    expect(await place.findWebhook(id)).toMatchObject({
      state: 'disabled',
      disabledReason: { code: 'endpoint_disabled' },
    });
    expect((await place.deliveriesOf(id)).filter(({ state }) => state === 'pending')).toEqual([]);
  });

  it('gets events from then on when it is enabled, and what it missed by a replay', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'] });
    const since = place.clock();
    place.sink.answer = () => ({ status: 410 });
    await place.makeEvents(channelId);
    await place.relay(id);
    await place.makeEvents(channelId);
    place.sink.answer = () => ({ status: 204 });
    await place.withTenant((tx) => place.configurer.enable(tx, place.by, id));
    await place.makeEvents(channelId);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
    const replayed = await place.withTenant((tx) => place.replays.since(tx, id, { since, onlyFailed: true }));
    expect(replayed).toEqual({ replayed: 2, nextSince: null });
    expect(await place.relay(id)).toMatchObject({ delivered: 2 });
    expect(place.sink.at(path)).toHaveLength(4);
    expect((await place.deliveriesOf(id)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(await place.withTenant((tx) => place.replays.since(tx, id, { since, onlyFailed: true }))).toMatchObject({
      replayed: 0,
    });
    expect(await place.withTenant((tx) => place.replays.since(tx, id, { since, onlyFailed: false }))).toMatchObject({
      replayed: 3,
    });
  });
});

describe('a delivery that is replayed', () => {
  it('goes out again under the same id, with a schedule of its own, and keeps its attempts', async () => {
    const { id, path } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [0, 5] });
    place.sink.answer = () => ({ status: 400 });
    await place.makeEvents(channelId);
    await place.relay(id);
    place.skip(7_000);
    await place.relay(id);
    const [failed] = await place.deliveriesOf(id);
    await place.withTenant((tx) => place.replays.one(tx, failed?.id ?? ''));
    await expect(place.withTenant((tx) => place.replays.one(tx, failed?.id ?? ''))).rejects.toMatchObject({
      code: 'conflict',
    });
    place.sink.answer = () => ({ status: 500 });
    await place.relay(id);
    expect((await place.deliveriesOf(id))[0]).toMatchObject({ state: 'pending' });
    place.sink.answer = () => ({ status: 204 });
    place.skip(6_000);
    await place.relay(id);
    const [delivery] = await place.deliveriesOf(id);
    expect(delivery).toMatchObject({ id: failed?.id, state: 'delivered', error: null });
    expect(delivery?.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'retry'],
      [2, 'retry'],
      [3, 'retry'],
      [4, 'accepted'],
    ]);
    expect(new Set(place.sink.at(path).map(({ webhookId }) => webhookId)).size).toBe(1);
  });
});
