import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KpiFixture, openKpiFixture } from '../support/kpi-fixture.ts';

let place: KpiFixture;
beforeAll(async () => {
  place = await openKpiFixture();
});
beforeEach(() => place.reset());
afterAll(() => place.close());

describe('a KPI sink that refuses', () => {
  it('loses nothing while the sink is down, keeps the order, and posts under the same ids', async () => {
    const channelId = await place.addSunkChannel();
    const refused: string[] = [];
    place.told.answer = (activity) => {
      refused.push(activity.id);
      return { status: 503 };
    };
    const id = await place.deliverAndTell(channelId);
    expect(await place.relay(channelId)).toMatchObject({ delivered: 0 });
    place.told.answer = () => ({ status: 200 });
    place.skip(600_000);
    await place.relay(channelId);
    expect(place.eventsOf(id)).toEqual(['accepted', 'delivered']);
    expect(new Set(refused)).toEqual(new Set([place.told.posted[0]?.id]));
  });

  it("does not let one job's refused event hold up another's", async () => {
    const channelId = await place.addSunkChannel();
    const stuck = await place.deliverAndTell(channelId);
    const other = await place.deliverAndTell(channelId);
    place.told.answer = ({ value }) => ({ status: value.jobId === stuck ? 500 : 200 });
    await place.relay(channelId);
    expect([place.eventsOf(stuck), place.eventsOf(other)]).toEqual([[], ['accepted', 'delivered']]);
  });

  it('postpones what a job has behind a refused event with it, and counts the failure of that one alone', async () => {
    const channelId = await place.addSunkChannel();
    const id = await place.deliverAndTell(channelId);
    place.told.answer = () => ({ status: 503 });
    await place.relay(channelId);
    const [refused, behind] = await place.deliveriesOf(id);
    expect(refused?.attempts).not.toEqual([]);
    expect(behind?.attempts).toEqual([]);
    expect(behind?.nextAttemptAt).toEqual(refused?.nextAttemptAt);
  });

  it('leaves a sink alone after ten failures in a row but for one call at a time, and sends everything when it answers again', async () => {
    const channelId = await place.addSunkChannel();
    let calls = 0;
    place.told.answer = () => {
      calls += 1;
      return { status: 500 };
    };
    const ids: string[] = [];
    for (let count = 0; count < 25; count += 1) {
      const id = await place.acceptAndSend(channelId);
      ids.push(id);
    }
    await place.relay(channelId);
    const burst = calls;
    expect(burst).toBeLessThan(20);
    await place.relay(channelId);
    expect(calls).toBe(burst);
    place.skip(5_000);
    await place.relay(channelId);
    expect(calls).toBe(burst + 1);
    place.told.answer = () => ({ status: 200 });
    place.skip(300_000);
    expect(await place.relay(channelId)).toMatchObject({ delivered: 25 });
    for (const id of ids) expect(place.eventsOf(id)).toEqual(['accepted']);
  });

  it('puts what comes behind an event that waits to the time of that one', async () => {
    // It was once due and could not go: its relay was started again and again, and each claim read all of its kind.
    const channelId = await place.addSunkChannel();
    const id = await place.acceptAndSend(channelId);
    place.told.answer = () => ({ status: 429, headers: { 'retry-after': '7200' } });
    await place.relay(channelId);
    place.told.answer = () => ({ status: 200 });
    place.skip(11 * 60_000);
    await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered' });
    await place.relay(channelId);
    const [head, behind] = await place.deliveriesOf(id);
    expect(head?.nextAttemptAt?.getTime()).toBeGreaterThan(place.clock().getTime() + 100 * 60_000);
    expect(behind).toMatchObject({ attempts: [], nextAttemptAt: head?.nextAttemptAt });
    place.skip(120 * 60_000);
    await place.relay(channelId);
    expect(place.eventsOf(id)).toEqual(['accepted', 'delivered']);
  });

  it('leaves due what is behind an event that is being sent', async () => {
    const channelId = await place.addSunkChannel();
    const id = await place.deliverAndTell(channelId);
    await place.rows(
      `update delivery set attempts = '[{"outcome": null}]', attempt_count = 1, next_attempt_at = now() + interval '9 days'
        where id = (select id from delivery where job_id = $1 order by position limit 1)`,
      [id],
    );
    await place.relay(channelId);
    expect((await place.deliveriesOf(id))[1]?.nextAttemptAt?.getTime()).toBeLessThan(place.clock().getTime());
  });

  it('has nothing left, however much it was, when its channel has no sink any more', async () => {
    const channelId = 'chn_sinkless';
    await place.rows(
      `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, url, body, created_at, updated_at, next_attempt_at)
        select $2 || '-' || n, $1, 'kpi', $2, 'evt_' || n, '', '{}', now(), now(), now() from generate_series(1, 1100) n`,
      [place.tenantId, channelId],
    );
    await place.relay(channelId);
    const sql = "select count(*)::integer as left from delivery where endpoint_id = $1 and state = 'pending'";
    expect(await place.rows(sql, [channelId])).toEqual([{ left: 0 }]);
  });

  it('keeps nothing of an answer that quotes the address by which bots reach the channel', async () => {
    // An answer that quoted the request once left the capability of the channel, which is a secret, in the list of attempts.
    const channelId = await place.addSunkChannel();
    let serviceUrl = '';
    place.told.answer = (activity) => {
      ({ serviceUrl } = activity);
      return { status: 500, isEcho: true };
    };
    const id = await place.deliverAndTell(channelId);
    await place.relay(channelId);
    const capability = serviceUrl.split('/').at(-2) ?? '';
    const kept = (await place.deliveriesOf(id))[0]?.attempts[0]?.responseExcerpt ?? '';
    expect(capability).not.toBe('');
    expect(kept).toContain(`/bot/${channelId}/[redacted]`);
    expect(kept).not.toContain(capability);
  });

  it('leaves a sink alone as long as it asks for, though another call of that moment is taken', async () => {
    // The success once deleted what was known of the sink, and its Retry-After with it.
    const channelId = await place.addSunkChannel();
    const busy = await place.acceptAndSend(channelId);
    const other = await place.acceptAndSend(channelId);
    place.told.answer = ({ value }) => ({
      status: value.jobId === busy ? 429 : 200,
      headers: { 'retry-after': '60' },
    });
    await place.relay(channelId);
    expect([place.eventsOf(busy), place.eventsOf(other)]).toEqual([[], ['accepted']]);
    place.told.answer = () => ({ status: 200 });
    const later = await place.deliverAndTell(channelId);
    await place.relay(channelId);
    expect(place.eventsOf(later)).toEqual([]);
    place.skip(61_000);
    await place.relay(channelId);
    expect([place.eventsOf(busy), place.eventsOf(later)]).toEqual([['accepted'], ['accepted', 'delivered']]);
  });
});
