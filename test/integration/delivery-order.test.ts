import { startGraceMs } from '../../src/domain/acceptance.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { lockJob } from '../../src/store/jobs.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const unavailable = { answer: metaRefusal(503, 2, { title: 'API Service' }) };
const refused = { answer: metaRefusal(400, 131009, { title: 'Parameter value not valid' }) };
const failedForNow = [{ code: 131000, title: 'Something went wrong' }];

/** Messages of one conversation, accepted one after the other. */
async function acceptRow(channelId: string, count: number, members = {}): Promise<string[]> {
  const ids: string[] = [];
  const conversationId = `conversation-${channelId}`;
  for (let each = 0; each < count; each += 1) {
    ids.push((await place.accept(channelId, { conversationId, to: '+34600000300', ...members })).id);
  }
  return ids;
}

/** Whether the sweep starts it within a second, should nobody have heard the bell. */
async function isDue(id: string): Promise<boolean> {
  const { wakeAt } = await place.find(id);
  return wakeAt !== null && wakeAt.getTime() <= place.clock().getTime() + startGraceMs;
}

const waitsFor = async (id: string) => (await place.find(id)).waitingFor?.reason ?? null;

describe('a message of a conversation', () => {
  it('waits unstarted while an earlier one is not out, and is due at once when that one is', async () => {
    const channelId = await place.addChannel();
    const [first = '', second = '', third = ''] = await acceptRow(channelId, 3);
    expect(await place.find(first)).toMatchObject({ state: 'queued', waitingFor: null });
    for (const id of [second, third]) {
      expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'turn', until: null } });
      expect(await isDue(id)).toBe(false);
    }
    await place.deliver(first);
    expect(place.woken.map(({ id }) => id)).toEqual([second]);
    expect([await isDue(second), await isDue(third)]).toEqual([true, false]);
    await place.deliver(second);
    await place.deliver(third);
    expect(place.sendsOf(third)).toHaveLength(1);
    expect(await place.timelineOf(third)).toEqual(['message.held', 'message.accepted']);
  });

  // A batch waited for one line with the rows of others locked, and whoever left two of those lines waited for it: a deadlock.
  it('is accepted without waiting for those in front of it, and still sends nothing before its turn', async () => {
    const channelId = await place.addChannel();
    const [first = ''] = await acceptRow(channelId, 1);
    const second = await place.withTenant(async (tx) => {
      await lockJob(tx, first);
      const [id = ''] = await acceptRow(channelId, 1);
      return id;
    });
    expect(await place.attempt(second, true)).toMatchObject({ next: 'end', state: 'held' });
    expect([await waitsFor(second), place.sendsOf(second)]).toEqual(['turn', []]);
    await place.deliver(first);
    expect(await isDue(second)).toBe(true);
  });

  it('that is started before its turn sends nothing, and holds', async () => {
    const channelId = await place.addChannel();
    const [, second = ''] = await acceptRow(channelId, 2);
    expect(await place.attempt(second, true)).toMatchObject({ next: 'end', state: 'held' });
    expect(place.sendsOf(second)).toEqual([]);
    expect(await isDue(second)).toBe(false);
  });

  it('waits while an earlier one is tried again', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000301', [unavailable]);
    const [first = '', second = ''] = await acceptRow(channelId, 2, { to: '+34600000301' });
    await place.attempt(first);
    expect(await place.find(first)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' } });
    await place.attempt(second);
    expect(await waitsFor(second)).toBe('turn');
    await place.deliver(first);
    await place.deliver(second);
    expect(place.sendsOf(second)[0]?.at ?? 0).toBeGreaterThanOrEqual(place.sendsOf(first).at(-1)?.at ?? Infinity);
  });

  it('goes when the one before it fails for good, or is cancelled', async () => {
    const channelId = await place.addChannel();
    const [first = '', second = '', third = ''] = await acceptRow(channelId, 3, { to: '+34600000302' });
    place.kernel.script('+34600000302', [refused]);
    expect(await place.deliver(first)).toMatchObject({ state: 'failed' });
    expect(await isDue(second)).toBe(true);
    await place.control.cancel(place.tenantId, second);
    expect(await isDue(third)).toBe(true);
    expect(await place.deliver(third)).toMatchObject({ state: 'accepted' });
  });

  it('is blocked no longer than the one before it may live', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000303', [{ ...unavailable, times: 3 }]);
    const conversationId = 'bounded';
    const expiresAt = new Date(place.clock().getTime() + 2_000);
    const first = await place.accept(channelId, { conversationId, to: '+34600000303', expiresAt });
    const second = await place.accept(channelId, { conversationId, to: '+34600000304' });
    expect(await place.deliver(first.id)).toMatchObject({ state: 'expired' });
    expect(await place.deliver(second.id)).toMatchObject({ state: 'accepted' });
  });

  it('stands in front again when WhatsApp refuses it later, before those that are not out yet', async () => {
    const channelId = await place.addChannel();
    const [first = '', second = ''] = await acceptRow(channelId, 2);
    await place.deliver(first);
    const wamid = place.sendsOf(first)[0]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'failed', jobId: first, errors: failedForNow });
    expect(await place.find(first)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' } });
    await place.attempt(second);
    expect(await waitsFor(second)).toBe('turn');
    await place.deliver(first);
    await place.deliver(second);
    expect(place.sendsOf(second)[0]?.at ?? 0).toBeGreaterThanOrEqual(place.sendsOf(first)[1]?.at ?? Infinity);
  });

  it('goes to the end of the conversation when it is run again', async () => {
    // It kept its old place, and went while a later one was on its way: two messages of a strict conversation at once.
    const channelId = await place.addChannel();
    place.kernel.script('+34600000306', [refused, unavailable]);
    const [first = '', second = '', third = ''] = await acceptRow(channelId, 3, { to: '+34600000306' });
    expect(await place.deliver(first)).toMatchObject({ state: 'failed' });
    await place.attempt(second);
    await place.control.retry(place.tenantId, first);
    await place.attempt(first);
    expect(await waitsFor(first)).toBe('turn');
    for (const id of [second, third]) await place.deliver(id);
    expect(await isDue(first)).toBe(true);
    await place.deliver(first);
    const [before, after] = [place.sendsOf(third), place.sendsOf(first)].map((sends) => sends.at(-1)?.at ?? 0);
    expect(after).toBeGreaterThanOrEqual(before ?? Infinity);
  });

  it('for later does not stand in the way before its time', async () => {
    const channelId = await place.addChannel();
    const sendAt = new Date(place.clock().getTime() + 3_600_000);
    const [later = ''] = await acceptRow(channelId, 1, { sendAt });
    const [now = ''] = await acceptRow(channelId, 1);
    expect(await place.deliver(now)).toMatchObject({ state: 'accepted' });
    place.skip(3_600_000);
    expect(await place.deliver(later)).toMatchObject({ state: 'accepted' });
  });

  it('for later waits at its time for those that were accepted before it and are not out yet', async () => {
    // It asked for no turn, and overtook a message that was about to be tried again.
    const channelId = await place.addChannel();
    place.kernel.script('+34600000307', [unavailable]);
    const [first = ''] = await acceptRow(channelId, 1, { to: '+34600000307' });
    const [later = ''] = await acceptRow(channelId, 1, { sendAt: new Date(place.clock().getTime() + 100) });
    await place.attempt(first);
    place.skip(100);
    await place.attempt(later);
    expect(await waitsFor(later)).toBe('turn');
    await place.deliver(first);
    expect(await isDue(later)).toBe(true);
    expect(await place.deliver(later)).toMatchObject({ state: 'accepted' });
  });

  it('looks again soon where the one before it is just leaving and may not have seen it', async () => {
    const channelId = await place.addChannel();
    const [first = '', second = ''] = await acceptRow(channelId, 2);
    await place.stores.transactions.withTenant(place.tenantId, async (tx) => {
      await lockJob(tx, first);
      await place.attempt(second);
    });
    const { wakeAt } = await place.find(second);
    expect((wakeAt?.getTime() ?? Infinity) - place.clock().getTime()).toBeLessThanOrEqual(1_000);
  });
});

describe('one conversation', () => {
  it('never blocks another, nor what no one orders, nor the same name on another channel', async () => {
    const channelId = await place.addChannel();
    await acceptRow(channelId, 1);
    const others = [
      await place.accept(channelId, { conversationId: 'another' }),
      await place.accept(channelId),
      await place.accept(await place.addChannel(), { conversationId: `conversation-${channelId}` }),
    ];
    for (const { id } of others) expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
  });

  it('is not ordered where its channel does not order', async () => {
    const [, second = ''] = await acceptRow(await place.addChannel({ ordering: 'none' }), 2);
    expect(await place.find(second)).toMatchObject({ state: 'queued', isOrdered: false });
    expect(await place.deliver(second)).toMatchObject({ state: 'accepted' });
  });

  it('leaves nobody behind where messages come while others leave, in 150 rounds', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 10_000 });
    const accepted: string[] = [];
    let isOver = false;
    // Like the sweep: whatever is due is attempted, until nothing of the line is left.
    async function work(): Promise<void> {
      for (;;) {
        const due = await place.rows<{ id: string }>(
          `select id from job where channel_id = $1 and wake_at <= $2 order by wake_at limit 3`,
          [channelId, new Date(place.clock().getTime() + 5_000)],
        );
        if (due.length === 0 && isOver) return;
        await Promise.all(due.map(({ id }) => place.attempt(id)));
      }
    }
    async function accept(): Promise<void> {
      for (let round = 0; round < 75; round += 1) {
        accepted.push((await place.accept(channelId, { conversationId: 'busy', to: '+34600000305' })).id);
      }
    }
    const workers = [work(), work(), work()];
    await Promise.all([accept(), accept()]);
    isOver = true;
    await Promise.all(workers);
    const left = await place.rows(
      "select id, state, wake_at from job where channel_id = $1 and state in ('queued', 'held', 'sending')",
      [channelId],
    );
    expect(left).toEqual([]);
    expect(accepted.flatMap((id) => place.sendsOf(id))).toHaveLength(150);
  });
});
