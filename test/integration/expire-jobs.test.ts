import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExpireJobs } from '../../src/usecases/expire-jobs.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';

let place: Awaited<ReturnType<typeof openInboundFixture>>;
let expireJobs: ReturnType<typeof createExpireJobs>;

beforeAll(async () => {
  place = await openInboundFixture();
  expireJobs = createExpireJobs({ ...place.stores, clock: place.clock });
});
afterAll(() => place.close());

const expire = (ids: readonly string[]) =>
  place.rows("update job set expires_at = now() - interval '1 second' where id = any ($1)", [ids]);

describe('what expires before it is sent', () => {
  it('is ended without a workflow, a hundred in one transaction, with all that is told of it', async () => {
    const channelId = await place.addChannel();
    await place.stores.transactions.withTenant(place.tenantId, (tx) =>
      place.stores.channels.pause(tx, channelId, null, place.clock()),
    );
    const jobs = await Promise.all(Array.from({ length: 200 }, () => place.accept(channelId)));
    const ids = jobs.map(({ id }) => id);
    await expire(ids);
    const before = place.transactionCount();
    expect(await expireJobs(1_000)).toBe(200);
    expect(place.transactionCount() - before).toBeLessThanOrEqual(3);
    const left = await place.rows("select 1 from job where id = any ($1) and state <> 'expired'", [ids]);
    expect(left).toEqual([]);
    const one = await place.find(ids[7] ?? '');
    expect(one).toMatchObject({ state: 'expired', terminal: true, wakeAt: null, waitingFor: null });
    // "Read the attempts for what held it": there are none where a paused channel held it.
    const held = 'It waited last for channel_paused: the channel is paused by hand.';
    expect(one.error).toMatchObject({ code: 'expired', jobId: one.id, detail: expect.stringContaining(held) });
    expect(await place.timelineOf(one.id)).toContain('message.expired');
    expect(await place.kpiOf(one.id)).toMatchObject([{ event: 'expired', recoverable: false }]);
    expect(await expireJobs(1_000)).toBe(0);
  });

  it('lets the first of its conversation go that has not expired, and wakes nobody else', async () => {
    const channelId = await place.addChannel();
    const conversationId = 'expiring';
    const [first, second, third] = [
      await place.accept(channelId, { conversationId }),
      await place.accept(channelId, { conversationId }),
      await place.accept(channelId, { conversationId }),
    ];
    await expire([first.id, second.id]);
    place.woken.length = 0;
    await expireJobs(1_000);
    expect(place.woken.map(({ id }) => id)).toEqual([third.id]);
    expect(await place.deliver(third.id)).toMatchObject({ state: 'accepted' });
  });

  it('is left alone while nobody knows whether it went out', async () => {
    const channelId = await place.addChannel({ ambiguousWindowMs: 60_000 });
    const { id } = await place.accept(channelId, { to: '+34600000781' });
    place.kernel.script('+34600000781', [{ answer: { status: 504 } }]);
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ isOutcomeUnknown: true });
    await expire([id]);
    expect(await expireJobs(1_000)).toBe(0);
    place.skip(60_000);
    expect((await place.deliver(id)).error).toMatchObject({ code: 'outcome_unknown' });
  });

  it('is so for what users write, too', async () => {
    const channelId = await place.addBotChannel();
    await place.receive(channelId, place.aText('Hola'));
    const [job] = await place.inboundOf(channelId);
    await expire([job?.id ?? '']);
    expect(await expireJobs(1_000)).toBe(1);
    expect(await place.find(job?.id ?? '')).toMatchObject({ state: 'expired', error: { code: 'expired' } });
    expect(place.bot.messages()).toEqual([]);
  });
});
