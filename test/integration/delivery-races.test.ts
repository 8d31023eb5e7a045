import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const races = 200;
const racesAtOnce = 8;

describe('two that come at the same moment', () => {
  it('send a message once between them', async () => {
    const channelId = await place.addChannel();
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await place.accept(channelId)).id));
    for (const id of ids) {
      await Promise.all([place.attempt(id, true), place.attempt(id), place.attempt(id)]);
      const job = await place.deliver(id);
      // Whoever finds the other's attempt open waits for its answer, which comes within the window.
      expect(job).toMatchObject({ state: 'accepted', attempts: 1, possibleDuplicate: false });
      expect(place.sendsOf(id)).toHaveLength(1);
    }
  });

  it(`never send what was answered "cancelled", in ${races} races`, async () => {
    const channelId = await place.addChannel();
    const results = { cancelled: 0, too_late: 0 };
    async function race(round: number): Promise<void> {
      const { id } = await place.accept(channelId);
      const cancel = async () => (await place.control.cancel(place.tenantId, id)).result;
      // Either may be first by the order of asking; the rest is left to the database.
      const [result] =
        round % 2 === 0
          ? await Promise.all([cancel(), place.attempt(id)])
          : (await Promise.all([place.attempt(id), cancel()])).toReversed();
      const job = await place.deliver(id);
      const isCancelled = result === 'cancelled';
      expect(job.state).toBe(isCancelled ? 'cancelled' : 'accepted');
      expect(place.sendsOf(id)).toHaveLength(isCancelled ? 0 : 1);
      results[isCancelled ? 'cancelled' : 'too_late'] += 1;
    }
    const rounds = Array.from({ length: races }, (_, round) => round);
    await Promise.all(
      Array.from({ length: racesAtOnce }, async () => {
        for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) await race(round);
      }),
    );
    expect(results.cancelled + results.too_late).toBe(races);
  });

  it('let a message expire or go, never both', async () => {
    const channelId = await place.addChannel();
    for (let count = 0; count < 20; count += 1) {
      const { id } = await place.accept(channelId, { expiresAt: new Date(place.clock().getTime() + 60_000) });
      place.skip(60_000 - count);
      await Promise.all([place.attempt(id), place.attempt(id)]);
      const job = await place.deliver(id);
      expect(['accepted', 'expired']).toContain(job.state);
      expect(place.sendsOf(id)).toHaveLength(job.state === 'accepted' ? 1 : 0);
    }
  });
});
