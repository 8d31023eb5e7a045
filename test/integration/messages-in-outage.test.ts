import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runOfTests } from '../support/in-activity.ts';
import { failuresToOpen, firstProbeMs, nextProbeMs, openOutageFixture } from '../support/outage-fixture.ts';

let place: Awaited<ReturnType<typeof openOutageFixture>>;
beforeAll(async () => {
  place = await openOutageFixture();
});
afterEach(() => place.endAllOutages());
afterAll(() => place.close());

// With default settings a message failed for good 31 s into an outage, although it lives for a day.
describe('a message that meets an outage', () => {
  it('that lasts 40 refused connections has used up no retry, and is delivered', async () => {
    const { id } = await place.accept(await place.addChannel());
    await place.kernel.goDown();
    for (let tries = 0; tries < 40; tries += 1) {
      const step = await place.attempt(id);
      expect(step).toMatchObject({ next: 'wait', state: 'held', errorCode: 'kernel_unreachable', attempts: tries + 1 });
      expect(step.next === 'wait' && step.waitMs).toBeLessThanOrEqual(60_000);
      expect((await place.find(id)).waitingFor?.reason).toBe(tries + 1 < failuresToOpen ? 'retry' : 'outage');
      if (step.next === 'wait') place.skip(step.waitMs);
    }
    expect(await place.find(id)).toMatchObject({ retriesUsed: 0, attempts: 40 });
    await place.kernel.comeBack();
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 41, possibleDuplicate: false });
  });

  it('fails as before where the channel counts outages', async () => {
    const { id } = await place.accept(await place.addChannel({ countOutages: true }));
    await place.kernel.goDown();
    const startedMs = place.nowMs();
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', attempts: 6, retriesUsed: 5, error: { code: 'kernel_unreachable' } });
    expect(place.nowMs() - startedMs).toBeLessThan(40_000);
  });

  it('expires in it', async () => {
    const channelId = await place.addChannel();
    await place.beginOutage(channelId);
    const { id } = await place.accept(channelId, { expiresAt: new Date(place.nowMs() + 5_000) });
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'outage' } });
    place.skip(5_000);
    expect(await place.deliver(id)).toMatchObject({ state: 'expired', attempts: 0 });
  });

  it('keeps the order of its conversation', async () => {
    const channelId = await place.addChannel();
    await place.beginOutage(channelId);
    const ids = await place.acceptMany(channelId, 3, 'a conversation');
    const [first = '', second = '', third = ''] = ids;
    for (const id of [third, second, first]) await place.attempt(id, true);
    const reasons = await Promise.all(ids.map(async (id) => (await place.find(id)).waitingFor?.reason));
    expect(reasons).toEqual(['outage', 'turn', 'turn']);
    await place.kernel.comeBack();
    place.skip(nextProbeMs);
    // Whose turn has not come probes nothing.
    for (const id of [third, second]) expect(await place.attempt(id, true)).toMatchObject({ state: 'held' });
    for (const id of ids) expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
    const sent = place.kernel.sends.list().map(({ jobId }) => jobId);
    expect(sent.filter((id) => ids.includes(id ?? ''))).toEqual(ids);
  });

  it('uses a retry for an unknown outcome while Kernel answers others, and none as a probe', async () => {
    const channelId = await place.addChannel({ numRetries: 1 });
    place.kernel.script('+34600111299', [{ answer: { status: 502 }, times: 9 }]);
    const alone = await place.accept(channelId, { to: '+34600111299' });
    await place.attempt(alone.id);
    place.skip(10_000);
    await place.attempt(alone.id);
    expect(await place.find(alone.id)).toMatchObject({ retriesUsed: 1, possibleDuplicate: true, attempts: 2 });

    const [probing = ''] = await place.beginOutage(channelId);
    await place.kernel.comeBack();
    place.kernel.script('+34600111222', [{ answer: { status: 502 }, times: 3 }]);
    for (let probes = 0; probes < 3; probes += 1) {
      place.skip(120_000);
      expect(await place.attempt(probing)).toMatchObject({ next: 'wait' });
      expect(await place.find(probing)).toMatchObject({ isOutcomeUnknown: true, retriesUsed: 0 });
    }
    place.skip(120_000);
    expect(await place.deliver(probing)).toMatchObject({ state: 'accepted', possibleDuplicate: true, retriesUsed: 0 });
  });

  it('ends as unknown, where the channel sends nothing twice and the probe was in doubt', async () => {
    const channelId = await place.addChannel({ ambiguousPolicy: 'fail' });
    const [probing = ''] = await place.beginOutage(channelId);
    await place.kernel.comeBack();
    place.kernel.script('+34600111222', [{ answer: { status: 502 } }]);
    place.skip(120_000);
    expect(await place.deliver(probing)).toMatchObject({ state: 'failed', error: { code: 'outcome_unknown' } });
  });

  it('and is pending at Temporal stays there, looks again within a minute, and is woken at the end', async () => {
    const channelId = await place.addChannel();
    const [, pending = '', prober = ''] = await place.beginOutage(channelId);
    // Temporal has confirmed that they wait.
    const confirm = (ids: readonly string[]) =>
      place.rows('update job set awaited_by = $2 where id = any ($1)', [ids, `${runOfTests.runId}/test`]);
    await confirm([pending, prober]);
    place.skip(60_000);
    expect(await place.attempt(prober)).toMatchObject({ next: 'wait', attempts: 2 });
    // It has come at its time: no operator has reset it.
    const step = await place.attempt(pending);
    expect(step).toMatchObject({ next: 'wait', state: 'held', errorCode: 'kernel_unreachable', attempts: 1 });
    expect(step.next === 'wait' && step.waitMs).toBeLessThanOrEqual(60_000);
    await confirm([pending, prober]);
    await place.kernel.comeBack();
    place.skip(30_000);
    place.woken.length = 0;
    expect(await place.attempt(prober)).toMatchObject({ next: 'end', state: 'accepted' });
    await expect.poll(() => place.startedOf([pending])).toEqual([pending]);
    expect(place.woken.find(({ id }) => id === pending)).toMatchObject({ isWake: true, isUnlessPaused: true });
  });

  it('probes at once when an operator resets its activity', async () => {
    const channelId = await place.addChannel();
    const id = (await place.beginOutage(channelId)).at(-1) ?? '';
    await place.rows('update job set awaited_by = $2 where id = $1', [id, `${runOfTests.runId}/test`]);
    await place.kernel.comeBack();
    expect(await place.attempt(id)).toMatchObject({ next: 'end', state: 'accepted', attempts: 2 });
    expect(await place.healthOf(channelId)).toMatchObject({ breaker: 'closed' });
  });
});

describe('an outage of the bot', () => {
  async function receiveMany(channelId: string, count: number): Promise<string[]> {
    for (let n = 0; n < count; n += 1)
      await place.receive(channelId, place.aText(`Hola ${n}`, { from: `+346000009${10 + n}` }));
    return (await place.inboundOf(channelId)).slice(-count).map(({ id }) => id);
  }

  it('uses up no retry, is probed by one, and lets what waited go when the bot answers', async () => {
    const channelId = await place.addBotChannel({ numRetries: 0 });
    await place.bot.goDown();
    const ids = await receiveMany(channelId, 12);
    const relays = [place.createRelay(), place.createRelay()];
    for (const [index, id] of ids.entries()) await relays[index % 2]?.(id, true);
    const waiting = ids.slice(failuresToOpen);
    expect(await place.countCalls(waiting)).toBe(0);
    for (const id of waiting)
      expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'outage' }, retriesUsed: 0 });
    expect(await place.healthOf(channelId)).toEqual({ breaker: 'closed', botBreaker: 'open' });
    await place.bot.comeBack();
    place.skip(firstProbeMs);
    place.woken.length = 0;
    const [prober = '', other = ''] = waiting;
    expect(await relays[0]?.(prober, true)).toMatchObject({ next: 'end', state: 'completed' });
    await expect.poll(() => place.startedOf([other])).toEqual([other]);
    for (const id of ids) expect(await place.relay(id)).toMatchObject({ state: 'completed' });
    expect(await place.outageEventsOf(channelId)).toEqual([
      ['channel.outage_started', 'bot', { breaker: 'closed', botBreaker: 'open' }],
      ['channel.outage_ended', 'bot', { breaker: 'closed', botBreaker: 'closed' }],
    ]);
  });

  it('is no 500 that it answers to one message while it takes others: that uses up its retries', async () => {
    const channelId = await place.addBotChannel({ numRetries: 2 });
    place.bot.script('message', [{ status: 500, times: 3 }]);
    const [id = ''] = await receiveMany(channelId, 1);
    expect(await place.relay(id)).toMatchObject({ state: 'failed', attempts: 3, retriesUsed: 2 });
  });
});
