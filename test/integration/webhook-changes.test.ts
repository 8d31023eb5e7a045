import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { disableDeliveries, hastenDeliveries } from '../../src/store/endpoint-deliveries.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';

const minuteMs = 60_000;
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

const addEndpoint = (members: Readonly<Record<string, unknown>> = {}) =>
  place.addWebhook({ events: ['message.delivered'], ...members });
const remove = (id: string) => place.withTenant((tx) => place.configurer.remove(tx, place.by, id));
const moveTo = (id: string, path: string) =>
  place.withTenant((tx) => place.configurer.change(tx, place.by, id, { url: `${place.sink.url}${path}` }));

/** Deliveries of an endpoint that wait for a later try, without events of their own. */
const addWaiting = (endpointId: string, count: number) =>
  place.rows(
    `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, event_type, url, created_at, updated_at, next_attempt_at)
      select $2 || '-' || n, $1, 'event', $2, $2 || '-evt-' || n, 'message.delivered', '', now(), now(), now() + interval '9 days'
      from generate_series(1, $3::integer) n`,
    [place.tenantId, endpointId, count],
  );
const countOf = async (endpointId: string, state: string) =>
  (await place.rows('select from delivery where endpoint_id = $1 and state = $2', [endpointId, state])).length;

describe('an endpoint that changes while it is called', () => {
  it('is not disabled by a 410 of the URL that it had, and gets the event at the new one', async () => {
    // The answer of the old address once disabled the endpoint that its owner had just corrected.
    const { id } = await addEndpoint();
    place.sink.answer = async () => {
      await moveTo(id, '/corrected');
      place.sink.answer = () => ({ status: 204 });
      return { status: 410 };
    };
    await place.makeEvents(channelId);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
    expect(await place.findWebhook(id)).toMatchObject({ state: 'enabled', disabledReason: null, failuresInARow: 0 });
    expect(await place.deliveriesOf(id)).toMatchObject([
      { state: 'delivered', error: null, attempts: [{ httpStatus: 410 }, { httpStatus: 204 }] },
    ]);
    expect(place.sink.at('/corrected')).toHaveLength(1);
  });

  it.each([
    ['was removed', remove],
    ['has moved', (id: string) => moveTo(id, '/elsewhere')],
  ])('is posted nothing more at the old URL a second after it %s', async (_what, change) => {
    // What was claimed once went out, for as long as the endpoint took for all of it.
    const { id, path } = await addEndpoint();
    for (let count = 0; count < 25; count += 1) await place.makeEvents(channelId);
    let changed: Promise<unknown> | null = null;
    place.sink.answer = async () => {
      changed ??= change(id).then(() => place.skip(2_000));
      await changed;
      return { status: 204 };
    };
    await place.relay(id);
    // Those of the ten lanes.
    expect(place.sink.at(path).length).toBeLessThanOrEqual(10);
    expect(place.sink.at('/elsewhere').length + place.sink.at(path).length).toBe(
      (await place.findWebhook(id)) === undefined ? place.sink.at(path).length : 25,
    );
  });

  it('keeps on record what was tried when it was removed meanwhile', async () => {
    // An answer to a delivery that had ended meanwhile was once dropped: its list showed an attempt without an end, or none.
    const { id } = await addEndpoint({ retrySchedule: [0, 5] });
    place.sink.answer = () => ({ status: 500 });
    await place.makeEvents(channelId);
    await place.relay(id);
    await place.makeEvents(channelId);
    place.skip(6_000);
    let removed: Promise<unknown> | null = null;
    place.sink.answer = async () => {
      removed ??= remove(id);
      await removed;
      return { status: 204 };
    };
    await place.relay(id);
    const kept = await place.deliveriesOf(id);
    expect(kept.map(({ state, attempts }) => [state, attempts.map(({ outcome }) => outcome)])).toEqual([
      ['delivered', ['accepted']],
      ['delivered', ['retry', 'accepted']],
    ]);
  });
});

describe('what an endpoint that takes nothing any more has left', () => {
  it('is ended by its relay, which the sweep starts for it', async () => {
    // It was once pending and due for ever, and its relay was started every second.
    const removed = await addEndpoint();
    const disabled = await addEndpoint();
    await remove(removed.id);
    await place.rows("update webhook set state = 'disabled' where id = $1", [disabled.id]);
    for (const { id } of [removed, disabled]) await addWaiting(id, 1_100);
    const started: string[] = [];
    const sweep = createSweep({
      ...place.stores,
      clock: place.clock,
      retentionDays: 30,
      dispatcher: listDispatched([]),
      starter: { ...idleStarter, startRelay: async ({ endpointId }) => started.push(endpointId) > 0 },
    });
    await sweep.startRelays();
    expect(started).toEqual(expect.arrayContaining([removed.id, disabled.id]));
    for (const { id } of [removed, disabled]) {
      expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
      expect([await countOf(id, 'pending'), await countOf(id, 'disabled')]).toEqual([0, 1_100]);
    }
  });

  it('is ended and hastened a thousand in a transaction', async () => {
    // Hundreds of thousands of rows once changed in one transaction, which held the endpoint's row and its answer for minutes.
    const { id } = await addEndpoint();
    await addWaiting(id, 1_100);
    const now = place.clock();
    expect(await place.withTenant((tx) => hastenDeliveries(tx, id, now))).toBe(1_000);
    expect(await place.withTenant((tx) => hastenDeliveries(tx, id, now))).toBe(100);
    expect(await place.withTenant((tx) => disableDeliveries(tx, id, null, now))).toBe(1_000);
  });

  it('ends with an event that was purged', async () => {
    // Its delivery was once due until retention ended it too, and was read at every claim.
    const { id, path } = await addEndpoint();
    place.sink.answer = () => ({ status: 500 });
    const job = await place.makeEvents(channelId);
    await place.relay(id);
    await place.rows('delete from event where job_id = $1', [job]);
    place.skip(minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 0 });
    expect(await place.deliveriesOf(id)).toMatchObject([{ state: 'disabled', nextAttemptAt: null }]);
    expect(place.sink.at(path)).toHaveLength(1);
  });

  it('is not replayed beside a removal', async () => {
    // Both once read what the other had not committed: the delivery was pending for an endpoint that was no more.
    const { id } = await addEndpoint();
    await place.makeEvents(channelId);
    await place.relay(id);
    const [delivery] = await place.deliveriesOf(id);
    let replay: Promise<unknown> = Promise.resolve();
    await place.withTenant(async (tx) => {
      await place.configurer.remove(tx, place.by, id);
      replay = place.withTenant((other) => place.replays.one(other, delivery?.id ?? ''));
      await Promise.race([replay.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 300))]);
    });
    await expect(replay).rejects.toMatchObject({ code: 'conflict' });
    expect(await place.deliveriesOf(id)).toMatchObject([{ state: 'delivered' }]);
  });
});

describe('an endpoint that answers again', () => {
  it('leaves a delivery alone for as long as its own Retry-After asks', async () => {
    // The end of an outage once sent at once what had been asked to come two hours later.
    const { id, path } = await addEndpoint({ retrySchedule: [0, 36_000] });
    const busy = await place.makeEvents(channelId);
    place.sink.answer = () => ({ status: 503, headers: { 'retry-after': '7200' } });
    await place.relay(id);
    place.skip(11 * minuteMs);
    place.sink.answer = () => ({ status: 500 });
    for (let count = 0; count < 12; count += 1) await place.makeEvents(channelId);
    await place.relay(id);
    place.sink.answer = () => ({ status: 204 });
    place.skip(10_000);
    await place.makeEvents(channelId);
    const before = place.sink.at(path).length;
    expect(await place.relay(id)).toMatchObject({ delivered: 13 });
    expect(
      place.sink
        .at(path)
        .slice(before)
        .map(({ event }) => event.data.id),
    ).not.toContain(busy);
    place.skip(110 * minuteMs);
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
  });
});
