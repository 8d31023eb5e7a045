import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInActivity } from '../support/in-activity.ts';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';

/**
 * A full pool of our own once counted as "Kernel unreachable": messages that were never sent used up their retries, failed,
 * and the bot was told that Kernel had failed.
 */
let place: WebhookFixture;
beforeAll(async () => {
  place = await openWebhookFixture();
});
afterAll(() => place.close());

describe('a send for which no connection of ours was free', () => {
  it('is made again soon, says so in the record, uses up no retry, and tells the bot of no error', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 0 }));
    place.crowd(3);
    const step = await place.attempt(id);
    expect(step).toMatchObject({ next: 'wait', state: 'held', errorCode: 'local_capacity' });
    expect(step.next === 'wait' && step.waitMs).toBeLessThan(1_300);
    expect(await place.find(id)).toMatchObject({
      waitingFor: { reason: 'retry', detail: 'No connection of Waypost was free' },
      error: { source: 'api', detail: 'No connection was free.' },
    });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', retriesUsed: 0, error: null });
    expect((await place.attemptsOf(id)).map(({ outcome, code }) => [outcome, code])).toEqual([
      ['retry', 'local_capacity'],
      ['retry', 'local_capacity'],
      ['retry', 'local_capacity'],
      ['accepted', null],
    ]);
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted']);
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('trips no circuit breaker, however often it happens', async () => {
    const channelId = await place.addChannel();
    place.crowd(20);
    for (let count = 0; count < 20; count += 1) {
      const { id } = await place.accept(channelId);
      expect(await place.attempt(id, true)).toMatchObject({ next: 'wait' });
    }
    const { id } = await place.accept(channelId);
    expect(await place.attempt(id, true)).toMatchObject({ next: 'end', state: 'accepted' });
  });
});

describe('a call to an endpoint for which no connection of ours was free', () => {
  it('uses up no try of a webhook, and says nothing of its health', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.addWebhook({ events: ['message.delivered'], retrySchedule: [0] });
    await place.makeEvents(channelId);
    place.crowd(2);
    const earlier = { tenantId: place.tenantId, webhookId: id };
    const activities = place.makeActivities();
    expect(await runInActivity(() => activities.relayWebhookEvents(earlier))).toEqual({ delivered: 0, hasMore: false });
    // The relay looks again by itself for a while.
    expect(await place.relay(id)).toMatchObject({ delivered: 1 });
    expect(await place.deliveriesOf(id)).toMatchObject([{ state: 'delivered', attempts: [{ number: 1 }] }]);
  });

  it('is no failure of the KPI sink', async () => {
    const channelId = await place.addChannel({ kpiUrl: `${place.sink.url}/kpi` });
    const { id } = await place.accept(channelId);
    await place.deliver(id);
    place.crowd(2);
    const activities = place.makeActivities();
    const { tenantId } = place;
    // What an earlier release began once went on beside the relay of now, and both sent the same.
    const earlier = await runInActivity(() => activities.relayKpiEvents({ tenantId, channelId }));
    expect(earlier).toEqual({ delivered: 0, nextDueMs: null });
    const endpoint = { tenantId, kind: 'kpi', endpointId: channelId } as const;
    const relayed = await runInActivity(() => activities.relayDeliveries(endpoint));
    expect(relayed).toMatchObject({ delivered: 1 });
    const sql = "select state, attempt_count as tries from delivery where job_id = $1 and kind = 'kpi'";
    expect(await place.rows(sql, [id])).toEqual([{ state: 'delivered', tries: 1 }]);
  });
});
