import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

/** Kernel's own word: it counts, as an outage does not. */
const unavailable = { answer: metaRefusal(503, 2) } as const;

describe('a recoverable refusal', () => {
  it('is sent again, later each time, until Kernel accepts', async () => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000101' });
    place.kernel.script('+34600000101', [{ ...unavailable, times: 2 }]);
    const first = await place.attempt(id);
    expect(first).toMatchObject({ next: 'wait', state: 'held', errorCode: 'whatsapp_2', attempts: 1 });
    expect(first.next === 'wait' && first.waitMs).toBeGreaterThan(500);
    expect(await place.attempt(id)).toMatchObject({ next: 'wait', attempts: 1 });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 3, retriesUsed: 2, error: null });
    expect((await place.attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'accepted']);
    expect(await place.timelineOf(id)).toEqual([
      'message.queued',
      'message.retry_scheduled',
      'message.retry_scheduled',
      'message.accepted',
    ]);
  });

  it('fails with its last problem when the retries are used up', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 2 }), { to: '+34600000102' });
    place.kernel.script('+34600000102', [{ ...unavailable, times: 10 }]);
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', attempts: 3, retriesUsed: 2, error: { code: 'whatsapp_2' } });
    const detail = expect.stringMatching(/^Given up after 3 tries in \d+ s\. Kernel answered/);
    expect(job.error).toMatchObject({ attempt: 3, recoverable: false, detail });
    expect(place.sendsOf(id)).toHaveLength(3);
    const kpi = await place.kpiOf(id);
    expect(kpi.map(({ willRetry, attempt }) => [attempt, willRetry])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ]);
  });

  it('is never resent where the channel allows no retries', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 0 }), { to: '+34600000103' });
    place.kernel.script('+34600000103', [unavailable]);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', attempts: 1 });
  });

  it('runs again from the start when an operator asks', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 0 }), { to: '+34600000104' });
    place.kernel.script('+34600000104', [unavailable]);
    await place.deliver(id);
    await place.control.retry(place.tenantId, id);
    expect(place.woken.at(-1)).toMatchObject({ id });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, error: null });
    expect(await place.timelineOf(id)).toContain('job.retried');
  });
});

describe('a throttled send', () => {
  it('waits exactly what the answer says, and uses up no retry', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 1 }), { to: '+34600000105' });
    const answer = { ...metaRefusal(429, 130_429), headers: { 'retry-after': '7' } };
    place.kernel.script('+34600000105', [{ answer, times: 5 }]);
    const step = await place.attempt(id);
    expect(step.next === 'wait' && Math.round(step.waitMs / 1_000)).toBe(7);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 6, retriesUsed: 0 });
  });

  it('waits 1, 4 and 16 seconds for a pair that was told no time', async () => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000106' });
    place.kernel.script('+34600000106', [{ answer: metaRefusal(400, 131_056), times: 3 }]);
    await place.deliver(id);
    const waits = await place.rows<{ waited: string }>(
      `select round(extract(epoch from (detail ->> 'until')::timestamptz - at)) as waited from timeline_entry
        where job_id = $1 and type = 'message.retry_scheduled' order by id`,
      [id],
    );
    expect(waits.map(({ waited }) => Number(waited))).toEqual([1, 4, 16]);
  });
});

describe('the time-to-live', () => {
  it('ends a message that was not sent in time, and nothing is sent after it', async () => {
    const expiresAt = new Date(place.clock().getTime() + 60_000);
    const { id } = await place.accept(await place.addChannel(), { expiresAt });
    place.skip(60_000);
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'expired', terminal: true, attempts: 0, error: { code: 'expired' } });
    expect(place.sendsOf(id)).toEqual([]);
    expect(await place.kpiOf(id)).toMatchObject([{ event: 'expired', code: 'expired', willRetry: false }]);
  });

  it('cuts a wait that would last longer, and the KPI event does not promise a retry', async () => {
    const expiresAt = new Date(place.clock().getTime() + 60_000);
    const channelId = await place.addChannel({ retryInitialMs: 600_000, retryMaxMs: 600_000 });
    const { id } = await place.accept(channelId, { to: '+34600000107', expiresAt });
    place.kernel.script('+34600000107', [unavailable]);
    expect(await place.deliver(id)).toMatchObject({ state: 'expired', attempts: 1 });
    expect(await place.kpiOf(id)).toMatchObject([
      { event: 'kernel_error', recoverable: true, willRetry: false },
      { event: 'expired' },
    ]);
  });
});

describe('a channel that must not be used', () => {
  it('is paused with the problem, holds its messages, and loses none when it resumes', async () => {
    const channelId = await place.addChannel();
    const refused = await place.accept(channelId, { to: '+34600000108' });
    const waiting = await place.accept(channelId);
    place.kernel.script('+34600000108', [{ answer: metaRefusal(401, 190) }]);
    const held = { state: 'held', waitingFor: { reason: 'channel_paused' }, nextAttemptAt: null };
    expect(await place.deliver(refused.id)).toMatchObject(held);
    expect(await place.deliver(waiting.id)).toMatchObject(held);
    expect(await place.accept(channelId)).toMatchObject(held);
    const [channel] = await place.rows<{ state: string; code: string }>(
      "select state, paused_reason ->> 'code' as code from channel where id = $1",
      [channelId],
    );
    expect(channel).toEqual({ state: 'paused', code: 'whatsapp_190' });
    expect(place.sendsOf(waiting.id)).toEqual([]);

    await place.stores.transactions.withTenant(place.tenantId, (tx) =>
      place.stores.channels.resume(tx, channelId, place.clock()),
    );
    const due = await place.rows<{ id: string }>('select id from job where channel_id = $1 and wake_at <= $2', [
      channelId,
      place.clock(),
    ]);
    expect(due).toHaveLength(3);
    expect(await place.deliver(refused.id)).toMatchObject({ state: 'accepted', attempts: 2, retriesUsed: 0 });
    expect(await place.deliver(waiting.id)).toMatchObject({ state: 'accepted', attempts: 1 });
  });

  it('still lets its messages expire', async () => {
    const channelId = await place.addChannel();
    await place.stores.transactions.withTenant(place.tenantId, (tx) =>
      place.stores.channels.pause(tx, channelId, null, place.clock()),
    );
    const { id } = await place.accept(channelId);
    place.skip(25 * 3_600_000);
    expect(await place.deliver(id)).toMatchObject({ state: 'expired' });
  });
});
