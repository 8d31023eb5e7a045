import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KpiFixture, openKpiFixture } from '../support/kpi-fixture.ts';

let place: KpiFixture;
beforeAll(async () => {
  place = await openKpiFixture();
});
beforeEach(() => place.reset());
afterAll(() => place.close());

describe('the KPI relay', () => {
  it("posts every event once, each job's in order, as an activity that bots understand", async () => {
    const channelId = await place.addSunkChannel();
    const ids = await Promise.all([1, 2, 3].map(() => place.deliverAndTell(channelId)));
    expect(await place.relay(channelId)).toEqual({ delivered: 6, hasMore: false });
    for (const id of ids) expect(place.eventsOf(id)).toEqual(['accepted', 'delivered']);
    expect(place.told.posted[0]).toMatchObject({
      name: 'waypost.kpi',
      serviceUrl: expect.stringContaining(`/bot/${channelId}/`),
    });
    expect(new Set(place.told.posted.map(({ id }) => id)).size).toBe(6);
    expect(await place.relay(channelId)).toEqual({ delivered: 0, hasMore: false });
  });

  it('never delays a message: it is delivered while the sink is away', async () => {
    const channelId = await place.addChannel({ kpiUrl: 'http://127.0.0.1:1/kpi' });
    const id = await place.deliverAndTell(channelId);
    expect(await place.find(id)).toMatchObject({ state: 'delivered' });
    expect(await place.relay(channelId)).toMatchObject({ delivered: 0 });
  });

  it("tells a new job's event at once, though thousands of others wait for another try", async () => {
    // It once looked at the oldest thousand alone: once they were all postponed, no newer one was ever told.
    const channelId = await place.addSunkChannel();
    await place.rows(
      `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, url, body, created_at, updated_at, next_attempt_at)
        select $2 || '-' || n, $1, 'kpi', $2, 'evt_' || n, '', '{}', now(), now(), now() + interval '1 day'
        from generate_series(1, 20000) n`,
      [place.tenantId, channelId],
    );
    const id = await place.deliverAndTell(channelId);
    expect(await place.relay(channelId)).toEqual({ delivered: 2, hasMore: false });
    expect(place.eventsOf(id)).toEqual(['accepted', 'delivered']);
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

  it('lists each event as a delivery with its attempts, which goes on every day when the schedule is over', async () => {
    // KPI events were once an outbox that nobody could look into.
    const channelId = await place.addSunkChannel();
    const id = await place.acceptAndSend(channelId);
    place.told.answer = () => ({ status: 410 });
    for (let count = 0; count < 11; count += 1) {
      await place.relay(channelId);
      place.skip(2 * 86_400_000);
    }
    const [late] = await place.deliveriesOf(id);
    expect(late).toMatchObject({ kind: 'kpi', state: 'pending', url: place.sinkUrl });
    expect(late?.attempts.length).toBeGreaterThan(10);
    expect(late?.attempts[0]).toMatchObject({ outcome: 'rejected', httpStatus: 410, problem: { source: 'kpi' } });
    place.told.answer = () => ({ status: 200 });
    await place.relay(channelId);
    expect(await place.deliveriesOf(id)).toMatchObject([{ state: 'delivered', eventId: place.told.posted[0]?.id }]);
  });

  it('tells every member, and a conversation also where the message has none', async () => {
    const channelId = await place.addSunkChannel();
    const id = await place.acceptAndSend(channelId);
    await place.relay(channelId);
    const [activity] = place.told.posted;
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
