import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../demo/stand-ins/http-server.ts';
import { createRelay } from '../../src/activities/destinations/index.ts';
import { listJobDeliveries } from '../../src/store/deliveries.ts';
import { createBotClient } from '../../src/upstreams/bot/bot-client.ts';
import { createWebhookClient } from '../../src/upstreams/webhook/webhook-client.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

interface Posted {
  readonly id: string;
  readonly name: string;
  readonly serviceUrl: string;
  readonly conversation: { readonly id: string };
  readonly value: { readonly event: string; readonly jobId: string };
}

let place: DeliveryFixture;
let sink: HttpServer;
let posted: Posted[] = [];
let answer: (activity: Posted) => number = () => 200;
beforeAll(async () => {
  place = await openDeliveryFixture();
  sink = await startHttpServer({
    name: 'KPI sink',
    handle({ body }, response) {
      const activity = JSON.parse(body.toString()) as Posted; // our own body
      const status = answer(activity);
      if (status === 200) posted.push(activity);
      response.writeHead(status).end();
    },
  });
});
beforeEach(() => {
  posted = [];
  answer = () => 200;
});
afterAll(async () => {
  await sink.stop();
  await place.close();
});

/** Relays as the activity does; its pauses pass at once. */
function relay(channelId: string) {
  const relayDeliveries = createRelay({
    ...place.stores,
    bot: createBotClient({ http: place.http }),
    webhookClient: createWebhookClient({ http: place.http, nowMs: () => place.clock().getTime() }),
    publicUrl: 'https://waypost.test',
    clock: place.clock,
    random: () => 0.5,
    sleep: async (ms) => place.skip(ms),
    heartbeat: () => undefined,
    isStopping: () => false,
    info: () => undefined,
  });
  return relayDeliveries({ tenantId: place.tenantId, kind: 'kpi', endpointId: channelId });
}

async function deliverAndTell(channelId: string): Promise<string> {
  const { id } = await place.accept(channelId);
  await place.deliver(id);
  await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered' });
  return id;
}

const deliveriesOf = (jobId: string) =>
  place.stores.transactions.withTenant(place.tenantId, (tx) => listJobDeliveries(tx, jobId, { limit: 50, after: '0' }));

const eventsOf = (jobId: string) => posted.filter(({ value }) => value.jobId === jobId).map(({ value }) => value.event);

describe('the KPI relay', () => {
  it("posts every event once, each job's in order, as an activity that bots understand", async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const ids = await Promise.all([1, 2, 3].map(() => deliverAndTell(channelId)));
    expect(await relay(channelId)).toEqual({ delivered: 6, hasMore: false });
    for (const id of ids) expect(eventsOf(id)).toEqual(['accepted', 'delivered']);
    expect(posted[0]).toMatchObject({ name: 'waypost.kpi', serviceUrl: expect.stringContaining(`/bot/${channelId}/`) });
    expect(new Set(posted.map(({ id }) => id)).size).toBe(6);
    expect(await relay(channelId)).toEqual({ delivered: 0, hasMore: false });
  });

  it('loses nothing while the sink is down, keeps the order, and posts under the same ids', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const refused: string[] = [];
    answer = (activity) => {
      refused.push(activity.id);
      return 503;
    };
    const id = await deliverAndTell(channelId);
    expect(await relay(channelId)).toMatchObject({ delivered: 0 });
    answer = () => 200;
    place.skip(600_000);
    await relay(channelId);
    expect(eventsOf(id)).toEqual(['accepted', 'delivered']);
    expect(new Set(refused)).toEqual(new Set([posted[0]?.id]));
  });

  it("does not let one job's refused event hold up another's", async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const stuck = await deliverAndTell(channelId);
    const other = await deliverAndTell(channelId);
    answer = ({ value }) => (value.jobId === stuck ? 500 : 200);
    await relay(channelId);
    expect([eventsOf(stuck), eventsOf(other)]).toEqual([[], ['accepted', 'delivered']]);
  });

  it('never delays a message: it is delivered while the sink is away', async () => {
    const channelId = await place.addChannel({ kpiUrl: 'http://127.0.0.1:1/kpi' });
    const id = await deliverAndTell(channelId);
    expect(await place.find(id)).toMatchObject({ state: 'delivered' });
    expect(await relay(channelId)).toMatchObject({ delivered: 0 });
  });

  it("tells a new job's event at once, though thousands of others wait for another try", async () => {
    // It once looked at the oldest thousand alone: once they were all postponed, no newer one was ever told.
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    await place.rows(
      `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, url, body, created_at, updated_at, next_attempt_at)
        select $2 || '-' || n, $1, 'kpi', $2, 'evt_' || n, '', '{}', now(), now(), now() + interval '1 day'
        from generate_series(1, 20000) n`,
      [place.tenantId, channelId],
    );
    const id = await deliverAndTell(channelId);
    expect(await relay(channelId)).toEqual({ delivered: 2, hasMore: false });
    expect(eventsOf(id)).toEqual(['accepted', 'delivered']);
    await place.database.pool.query('reset role; analyze delivery; set role waypost_app');
    const plan = await place.rows<{ 'QUERY PLAN': string }>(
      `explain (costs off) select d.id from delivery d left join event e on e.id = d.event_id
        where d.endpoint_id = '${channelId}' and d.state = 'pending' and d.next_attempt_at <= now()
          and case when d.kind = 'event' then e.id is not null else not exists (
            select from delivery earlier where earlier.endpoint_id = d.endpoint_id and earlier.job_id = d.job_id
              and earlier.position < d.position and earlier.kind = 'kpi' and earlier.state = 'pending') end
        order by d.next_attempt_at, d.position limit 50 for update of d skip locked`,
    );
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('delivery_endpoint_due');
  });

  it('postpones what a job has behind a refused event with it, and counts the failure of that one alone', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const id = await deliverAndTell(channelId);
    answer = () => 503;
    await relay(channelId);
    const [refused, behind] = await deliveriesOf(id);
    expect(refused?.attempts).not.toEqual([]);
    expect(behind?.attempts).toEqual([]);
    expect(behind?.nextAttemptAt).toEqual(refused?.nextAttemptAt);
  });

  it('lists each event as a delivery with its attempts, which goes on every day when the schedule is over', async () => {
    // KPI events were once an outbox that nobody could look into.
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const { id } = await place.accept(channelId);
    await place.deliver(id);
    answer = () => 410;
    for (let count = 0; count < 11; count += 1) {
      await relay(channelId);
      place.skip(2 * 86_400_000);
    }
    const [late] = await deliveriesOf(id);
    expect(late).toMatchObject({ kind: 'kpi', state: 'pending', url: `${sink.url}/kpi` });
    expect(late?.attempts.length).toBeGreaterThan(10);
    expect(late?.attempts[0]).toMatchObject({ outcome: 'rejected', httpStatus: 410, problem: { source: 'kpi' } });
    answer = () => 200;
    await relay(channelId);
    expect(await deliveriesOf(id)).toMatchObject([{ state: 'delivered', eventId: posted[0]?.id }]);
  });

  it('leaves a sink alone after ten failures in a row but for one call at a time, and sends everything when it answers again', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    let calls = 0;
    answer = () => {
      calls += 1;
      return 500;
    };
    const ids: string[] = [];
    for (let count = 0; count < 25; count += 1) {
      const { id } = await place.accept(channelId);
      await place.deliver(id);
      ids.push(id);
    }
    await relay(channelId);
    const burst = calls;
    expect(burst).toBeLessThan(20);
    await relay(channelId);
    expect(calls).toBe(burst);
    place.skip(5_000);
    await relay(channelId);
    expect(calls).toBe(burst + 1);
    answer = () => 200;
    place.skip(300_000);
    expect(await relay(channelId)).toMatchObject({ delivered: 25 });
    for (const id of ids) expect(eventsOf(id)).toEqual(['accepted']);
  });

  it('tells every member, and a conversation also where the message has none', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const { id } = await place.accept(channelId);
    await place.deliver(id);
    await relay(channelId);
    const [activity] = posted;
    expect(activity?.conversation.id).toBe(`${channelId}.34600111222`);
    expect(activity).not.toHaveProperty('deliveryMode');
    expect(activity?.value).toEqual({
      event: 'accepted',
      recoverable: null,
      code: null,
      providerCode: null,
      source: null,
      jobId: id,
      groupId: null,
      conversationId: null,
      to: '+34600111222',
      attempt: 1,
      numRetries: 5,
      willRetry: false,
      userInformed: false,
      status: null,
      reason: null,
      durationMs: expect.any(Number),
      occurredAt: expect.any(String),
      correlationId: 'req_1',
    });
  });
});
