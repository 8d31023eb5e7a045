import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointReference } from '../../src/contracts/workflows.ts';
import { gaugeBacklog } from '../../src/http/backlog-gauges.ts';
import { skipUnwantedEvents } from '../../src/store/cross-tenant.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';
import { runInActivity } from '../support/in-activity.ts';

let place: WebhookFixture;
let channelId: string;
let started: EndpointReference[] = [];
beforeAll(async () => {
  place = await openWebhookFixture();
  channelId = await place.addChannel();
});
beforeEach(async () => {
  await place.rows('delete from webhook');
  place.sink.answer = () => ({ status: 204 });
});
afterAll(() => place.close());

const sweep = () =>
  createSweep({
    ...place.stores,
    clock: place.clock,
    retentionDays: 30,
    dispatcher: listDispatched([]),
    starter: {
      ...idleStarter,
      startRelay: async (endpoint) => started.push(endpoint) > 0,
    },
  });

async function startedFor(): Promise<string[]> {
  started = [];
  await sweep().startRelays();
  return started.filter(({ kind }) => kind === 'webhook').map(({ endpointId }) => endpointId);
}

const cursorOf = async (id: string) =>
  BigInt(
    (await place.rows<{ at: string }>('select event_cursor as at from webhook where id = $1', [id]))[0]?.at ?? '0',
  );

describe('the sweep of webhooks', () => {
  it('starts the relay of who has wanted events or due retries, and of nobody else', async () => {
    const wanting = await place.addWebhook({ events: ['message.delivered'] });
    await place.addWebhook({ events: ['channel.*'] });
    expect(await startedFor()).toEqual([]);
    await place.makeEvents(channelId);
    expect(await startedFor()).toEqual([wanting.id]);
    place.sink.answer = () => ({ status: 500 });
    await place.relay(wanting.id);
    expect(await startedFor()).toEqual([]);
    // The database's own clock decides what is due: rows are made older instead of waiting.
    await place.rows("update delivery set next_attempt_at = now() - interval '1 second' where state = 'pending'");
    expect(await startedFor()).toEqual([wanting.id]);
    await place.rows("update webhook set probe_at = now() + interval '1 minute' where id = $1", [wanting.id]);
    expect(await startedFor()).toEqual([]);
    await place.rows("update webhook set state = 'disabled', probe_at = null where id = $1", [wanting.id]);
    // To end what it has left.
    expect(await startedFor()).toEqual([wanting.id]);
    await place.relay(wanting.id);
    expect(await startedFor()).toEqual([]);
  });

  it('passes by what nobody wants, and never by what somebody wants or what is not settled', async () => {
    const wanting = await place.addWebhook({ events: ['message.delivered'] });
    const other = await place.addWebhook({ events: ['channel.*'] });
    const before = await cursorOf(other.id);
    await place.makeEvents(channelId);
    const settled = await place.stores.highWaterMark.read(2_000);
    await place.stores.transactions.acrossTenants((tx) => skipUnwantedEvents(tx, settled, 1_000));
    expect(await cursorOf(other.id)).toBe(before);
    await place.stores.transactions.acrossTenants((tx) => skipUnwantedEvents(tx, settled, 0));
    expect(await cursorOf(other.id)).toBe(settled);
    expect(await cursorOf(wanting.id)).toBe(before);
    expect(await place.relay(wanting.id)).toMatchObject({ delivered: 1 });
  });

  it('says in its figures what waits, and for how long', async () => {
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    const metrics = new Registry();
    gaugeBacklog({ metrics, transactions: place.stores.transactions });
    const read = async (state: string) =>
      new RegExp(`waypost_webhook_deliveries_waiting\\{state="${state}"\\} (\\d+)`).exec(await metrics.metrics())?.[1];
    await place.makeEvents(channelId);
    expect(await read('untried')).toBe('1');
    await place.relay(id);
    expect(await read('untried')).toBe('0');
  });

  it('purges deliveries with the events that they told', async () => {
    const { id } = await place.addWebhook({ events: ['message.delivered'] });
    const old = await place.makeEvents(channelId);
    const fresh = await place.makeEvents(channelId);
    await place.relay(id);
    for (const table of ['event', 'delivery']) {
      await place.rows(`update ${table} set created_at = now() - interval '31 days' where job_id = $1`, [old]);
    }
    await runInActivity(() => place.makeActivities().purgeExpired());
    expect((await place.deliveriesOf(id)).map(({ jobId }) => jobId)).toEqual([fresh]);
    expect(await place.rows('select 1 from event where job_id = $1', [old])).toEqual([]);
  });
});
