import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

/** So many calls of one destination have a slot of the queue of sends at once. */
const ownCalls = 40;

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterEach(() => place.kernel.clear());
afterAll(() => place.close());

/** A worker whose calls do not return before `answer` is called. */
function createWaitingWorker() {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let calls = 0;
  const worker = place.createWorker({
    http: {
      ...place.http,
      async request(call) {
        const outcome = await place.http.request(call);
        calls += 1;
        if (calls <= ownCalls) await answered;
        return outcome;
      },
    },
  });
  return { worker, answer, calls: () => calls };
}

async function acceptMany(channelId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await place.accept(channelId)).id);
  return ids;
}

const startedOf = (ids: readonly string[]) => place.woken.map(({ id }) => id).filter((id) => ids.includes(id));

// Ordinary activities asked nobody: the calls of one number that hung held every slot of the queue of sends.
describe('a destination whose every place is taken', () => {
  it('gives the slot back at once and leaves a row, which goes when a call has ended', async () => {
    const slow = await place.addChannel({ ratePerSecond: 1_000 });
    const other = await place.addChannel();
    const { worker, answer, calls } = createWaitingWorker();
    const calling = (await acceptMany(slow, ownCalls)).map((id) => worker(id));
    await expect.poll(calls, { timeout: 20_000 }).toBe(ownCalls);

    const [first = '', second = ''] = await acceptMany(slow, 2);
    const ending = await place.accept(slow, { expiresAt: new Date(place.nowMs() + 1_000) });
    expect([await worker(first), await worker(second)]).toMatchObject([
      { next: 'end', state: 'held' },
      { next: 'end', state: 'held' },
    ]);
    const held = await place.find(first);
    expect(held).toMatchObject({ attempts: 0, retriesUsed: 0, error: null, waitingFor: { reason: 'outage' } });
    expect(held.wakeAt).toEqual(held.nextAttemptAt);
    expect(place.sendsOf(first)).toEqual([]);
    expect(await place.timelineOf(first)).toContain('message.held');
    // Its time is over whether or not there is a place.
    place.skip(1_000);
    expect(await worker(ending.id)).toMatchObject({ next: 'end', state: 'expired' });
    const elsewhere = await place.accept(other);
    expect(await worker(elsewhere.id)).toMatchObject({ next: 'end', state: 'accepted' });

    place.woken.length = 0;
    answer();
    await Promise.all(calling);
    await expect.poll(() => startedOf([first, second])).toEqual([first, second]);
    expect(await worker(first)).toMatchObject({ next: 'end', state: 'accepted' });
    expect(await worker(second)).toMatchObject({ next: 'end', state: 'accepted' });
  });
});
