import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { whatsappSecrets } from '../support/a-channel.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const numberLimit = metaRefusal(429, 130429, { title: 'Rate limit hit' });
const pairLimit = metaRefusal(400, 131056, { title: 'Pair rate limit hit' });
const appLimit = metaRefusal(400, 4, { title: 'Too many calls' });

/** Milliseconds until a message may go; null = it was sent. */
async function waitOf(id: string): Promise<number | null> {
  await place.attempt(id);
  const job = await place.find(id);
  return job.state === 'accepted' ? null : (job.nextAttemptAt?.getTime() ?? 0) - place.clock().getTime();
}

async function send(channelId: string, to: string): Promise<number | null> {
  return waitOf((await place.accept(channelId, { to })).id);
}

describe('a throttled number', () => {
  it('slows every message of that number, also in another worker, and no other number', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000401', [{ answer: { ...numberLimit, headers: { 'retry-after': '30' } } }]);
    const { id } = await place.accept(channelId, { to: '+34600000401' });
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ state: 'held', retriesUsed: 0, waitingFor: { reason: 'rate_limit' } });

    const otherWorker = place.createWorker();
    const second = await place.accept(channelId, { to: '+34600000402' });
    expect(await otherWorker(second.id, true)).toMatchObject({ next: 'end', state: 'held' });
    const held = await place.find(second.id);
    expect(held).toMatchObject({ state: 'held', attempts: 0, waitingFor: { reason: 'rate_limit' }, error: null });
    const waitMs = (held.nextAttemptAt?.getTime() ?? 0) - place.clock().getTime();
    expect(waitMs).toBeGreaterThan(25_000);
    expect(waitMs).toBeLessThanOrEqual(31_000);
    // Nothing waits open for it: the sweep starts it at its time.
    expect(held.wakeAt).toEqual(held.nextAttemptAt);
    expect(await send(await place.addChannel(), '+34600000402')).toBeNull();

    expect(await place.deliver(second.id)).toMatchObject({ state: 'accepted' });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, retriesUsed: 0 });
  });

  it('lets those that waited go one after the other, at the rate of the channel', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 10 });
    place.kernel.script('+34600000403', [{ answer: { ...numberLimit, headers: { 'retry-after': '20' } } }]);
    await send(channelId, '+34600000403');
    const places: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const { id } = await place.accept(channelId, { to: '+34600000404' });
      await place.attempt(id);
      places.push((await place.find(id)).nextAttemptAt?.getTime() ?? 0);
    }
    expect(places.slice(1).map((at, index) => at - (places[index] ?? 0))).toEqual([100, 100, 100]);
  });

  it('backs off further with each answer that comes after its wait, and starts anew after a success', async () => {
    const channelId = await place.addChannel({ retryInitialMs: 1_000 });
    place.kernel.script('+34600000405', [{ answer: numberLimit, times: 3 }]);
    const { id } = await place.accept(channelId, { to: '+34600000405' });
    const waits: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const wait = (await waitOf(id)) ?? 0;
      waits.push(Math.round(wait / 1_000));
      place.skip(wait + 1);
    }
    expect(waits).toEqual([1, 2, 4]);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
    place.kernel.script('+34600000405', [{ answer: numberLimit }]);
    expect(Math.round(((await send(channelId, '+34600000405')) ?? 0) / 1_000)).toBe(1);
  });

  it('counts answers that come together as one', async () => {
    const channelId = await place.addChannel({ retryInitialMs: 1_000 });
    place.kernel.script('+34600000406', [{ answer: { ...numberLimit, delayMs: 100 }, times: 5 }]);
    const jobs = await Promise.all([1, 2, 3, 4, 5].map(() => place.accept(channelId, { to: '+34600000406' })));
    await Promise.all(jobs.map(({ id }) => place.attempt(id)));
    expect(
      await place.rows('select throttled_in_a_row as count from send_limit where channel_id = $1', [channelId]),
    ).toEqual([{ count: 1 }]);
  });

  it('is the same number in each channel that names it', async () => {
    const one = await place.addChannel({ phoneNumberId: 'shared-number' });
    const other = await place.addChannel({ phoneNumberId: 'shared-number' });
    place.kernel.setChannel({ phoneNumberId: 'shared-number', appSecret: whatsappSecrets.appSecret });
    place.kernel.script('+34600000407', [{ answer: { ...numberLimit, headers: { 'retry-after': '30' } } }]);
    await send(one, '+34600000407');
    expect(await send(other, '+34600000408')).toBeGreaterThan(25_000);
  });

  it('by the answer’s Retry-After as a date too', async () => {
    const channelId = await place.addChannel();
    const date = new Date(Date.now() + 40_000).toUTCString();
    place.kernel.script('+34600000409', [{ answer: { ...numberLimit, headers: { 'retry-after': date } } }]);
    const waitMs = (await send(channelId, '+34600000409')) ?? 0;
    expect(waitMs).toBeGreaterThan(35_000);
    expect(waitMs).toBeLessThanOrEqual(41_000);
  });
});

describe('a throttled pair', () => {
  it('waits 4^n s, and the number’s other recipients go on', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000411', [{ answer: pairLimit, times: 3 }]);
    const { id } = await place.accept(channelId, { to: '+34600000411' });
    const waits: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const wait = (await waitOf(id)) ?? 0;
      expect(await send(channelId, '+34600000412')).toBeNull();
      expect(await send(channelId, '+34600000411')).toBeGreaterThan(0);
      waits.push(Math.round(wait / 1_000));
      place.skip(wait + 1);
    }
    expect(waits).toEqual([1, 4, 16]);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', retriesUsed: 0, attempts: 4 });
  });

  it('counts on for the pair, whichever of its messages is refused', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000413', [{ answer: pairLimit, times: 2 }]);
    const first = (await send(channelId, '+34600000413')) ?? 0;
    place.skip(first + 1);
    expect(Math.round(((await send(channelId, '+34600000413')) ?? 0) / 1_000)).toBe(4);
  });

  it('by WhatsApp’s later word as well', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId, { to: '+34600000414' });
    await place.deliver(id);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'failed', jobId: id, errors: [{ code: 131056, title: 'Pair' }] });
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'rate_limit' }, retriesUsed: 0 });
    expect(await send(channelId, '+34600000414')).toBeGreaterThan(0);
    expect(await send(channelId, '+34600000415')).toBeNull();
  });
});

describe('a throttled account', () => {
  it('slows every number of the same app, and no other app', async () => {
    const one = await place.addChannel();
    const other = await place.addChannel();
    const foreign = await place.addChannel();
    await place.rows('update channel set secrets = $2 where id = $1 returning id', [
      foreign,
      place.keyRing.sealText(JSON.stringify({ ...whatsappSecrets, appSecret: 'another app' }), {
        column: 'channel.secrets',
        tenantId: place.tenantId,
        row: foreign,
      }),
    ]);
    place.kernel.script('+34600000421', [{ answer: { ...appLimit, headers: { 'retry-after': '60' } } }]);
    await send(one, '+34600000421');
    expect(await send(other, '+34600000422')).toBeGreaterThan(55_000);
    expect(await send(foreign, '+34600000422')).toBeNull();
  });
});

describe('the rate of a channel', () => {
  it('holds over all workers: what has no room now waits for its own place', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 5 });
    const workers = [place.createWorker(), place.createWorker(), place.createWorker()];
    const jobs = await Promise.all(Array.from({ length: 12 }, () => place.accept(channelId, { to: '+34600000431' })));
    await Promise.all(jobs.map(async ({ id }, index) => workers[index % 3]?.(id, true)));
    const records = await Promise.all(jobs.map(({ id }) => place.find(id)));
    const sent = records.filter(({ state }) => state === 'accepted');
    const waiting = records
      .filter(({ state }) => state === 'held')
      .map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0);
    expect(sent.length).toBeLessThanOrEqual(3);
    expect(new Set(waiting).size).toBe(waiting.length);
    const span = Math.max(...waiting) - Math.min(...waiting);
    // One every 200 ms, each with a place of its own.
    expect(span).toBe((waiting.length - 1) * 200);
    for (const { id } of jobs) expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 1 });
  });

  it('lets a message be cancelled while it waits, and expire', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 0.1 });
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(() => place.accept(channelId, { to: '+34600000432' })),
    );
    for (const job of [first, second, third]) await place.attempt(job?.id ?? '');
    expect((await place.control.cancel(place.tenantId, second?.id ?? '')).result).toBe('cancelled');
    expect(await place.deliver(third?.id ?? '')).toMatchObject({ state: 'accepted' });
    const expiresAt = new Date(place.clock().getTime() + 1_000);
    const { id } = await place.accept(channelId, { to: '+34600000433', expiresAt });
    expect(await place.deliver(id)).toMatchObject({ state: 'expired' });
  });
});
