import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../demo/stand-ins/http-server.ts';
import { createRelayKpiEvents } from '../../src/activities/relay-kpi-events.ts';
import { createBotClient } from '../../src/upstreams/bot/bot-client.ts';
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
  const relayKpiEvents = createRelayKpiEvents({
    ...place.stores,
    bot: createBotClient({ http: place.http }),
    publicUrl: 'https://waypost.test',
    clock: place.clock,
    random: () => 0.5,
    sleep: async (ms) => place.skip(ms),
    heartbeat: () => undefined,
    warn: () => undefined,
  });
  return relayKpiEvents({ tenantId: place.tenantId, channelId });
}

async function deliverAndTell(channelId: string): Promise<string> {
  const { id } = await place.accept(channelId);
  await place.deliver(id);
  await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered' });
  return id;
}

const eventsOf = (jobId: string) => posted.filter(({ value }) => value.jobId === jobId).map(({ value }) => value.event);

describe('the KPI relay', () => {
  it("posts every event once, each job's in order, as an activity that bots understand", async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const ids = await Promise.all([1, 2, 3].map(() => deliverAndTell(channelId)));
    expect(await relay(channelId)).toEqual({ delivered: 6, nextDueMs: null });
    for (const id of ids) expect(eventsOf(id)).toEqual(['accepted', 'delivered']);
    expect(posted[0]).toMatchObject({ name: 'waypost.kpi', serviceUrl: expect.stringContaining(`/bot/${channelId}/`) });
    expect(new Set(posted.map(({ id }) => id)).size).toBe(6);
    expect(await relay(channelId)).toEqual({ delivered: 0, nextDueMs: null });
  });

  it('loses nothing while the sink is down, keeps the order, and posts under the same ids', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const refused: string[] = [];
    answer = (activity) => {
      refused.push(activity.id);
      return 503;
    };
    const id = await deliverAndTell(channelId);
    const { delivered, nextDueMs } = await relay(channelId);
    expect(delivered).toBe(0);
    expect(nextDueMs).not.toBeNull();
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
      `insert into kpi_event (id, tenant_id, channel_id, job_id, value, created_at, next_attempt_at, failures)
        select $2 || '-' || n, $1, $2, 'old-' || n / 2, '{}', now(), now() + interval '1 day', 1 from generate_series(1, 20000) n`,
      [place.tenantId, channelId],
    );
    const id = await deliverAndTell(channelId);
    // It looks again soon, for nothing wakes it when the next new event comes.
    expect(await relay(channelId)).toEqual({ delivered: 2, nextDueMs: 15_000 });
    expect(eventsOf(id)).toEqual(['accepted', 'delivered']);
    await place.database.pool.query('reset role; analyze kpi_event; set role waypost_app');
    const plan = await place.rows<{ 'QUERY PLAN': string }>(
      `explain (costs off) select id from kpi_event k
        where channel_id = '${channelId}' and delivered_at is null and next_attempt_at <= now() and not exists (
          select 1 from kpi_event earlier where earlier.channel_id = k.channel_id and earlier.job_id = k.job_id
            and earlier.sequence < k.sequence and earlier.delivered_at is null)
        order by next_attempt_at, sequence limit 50`,
    );
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('kpi_event_waiting');
  });

  it('postpones what a job has behind a refused event with it, and counts the failure of that one alone', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${sink.url}/kpi` });
    const id = await deliverAndTell(channelId);
    answer = () => 503;
    await relay(channelId);
    const rows = await place.rows<{ failures: number; next_attempt_at: Date }>(
      'select failures, next_attempt_at from kpi_event where job_id = $1 order by sequence',
      [id],
    );
    expect(rows[0]?.failures).toBeGreaterThan(0);
    expect(rows[1]?.failures).toBe(0);
    expect(rows[1]?.next_attempt_at).toEqual(rows[0]?.next_attempt_at);
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
