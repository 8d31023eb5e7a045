import { afterAll, beforeAll, expect, it } from 'vitest';
import { countUsage } from '../../src/store/usage.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let channelId: string;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});
afterAll(() => place.close());

async function acceptAndSend(): Promise<{ id: string; wamid: string }> {
  const { id } = await place.accept(channelId);
  await place.deliver(id);
  return { id, wamid: place.sendsOf(id)[0]?.wamid ?? '' };
}

it('statuses tell the price, of which the last word stands on the job, and the time of the delivery', async () => {
  const price = (category: string, billable = true) => ({
    billable,
    pricing_model: 'PMP',
    type: 'regular',
    category,
  });
  const startedMs = place.nowMs() - 60_000;
  const at = (seconds: number) => new Date(startedMs + seconds * 1_000);
  const { id, wamid } = await acceptAndSend();
  await place.tell(channelId, { wamid, status: 'sent', occurredAt: at(1), pricing: price('utility') });
  expect(await place.find(id)).toMatchObject({ pricing: price('utility'), deliveredAt: null });
  await place.tell(channelId, { wamid, status: 'read', occurredAt: at(9), pricing: price('service', false) });
  await place.tell(channelId, { wamid, status: 'delivered', occurredAt: at(5), pricing: price('marketing') });
  expect(await place.find(id)).toMatchObject({ pricing: price('service', false), deliveredAt: at(9) });
  const odd = await acceptAndSend();
  const pricing = { billable: 'yes', category: { a: 1 } };
  await place.tell(channelId, { wamid: odd.wamid, status: 'delivered', pricing });
  expect(await place.find(odd.id)).toMatchObject({ state: 'delivered', pricing: null });
  const range = { from: at(0), to: new Date(place.nowMs() + 1_000) };
  const count = (groupBy: readonly ('category' | 'channelId')[]) =>
    place.withTenant((tx) => countUsage(tx, { ...range, groupBy }));
  expect(await count(['category'])).toEqual([
    { category: 'service', delivered: 1, billable: 0 },
    { category: null, delivered: 1, billable: 0 },
  ]);
  expect(await count(['channelId', 'category'])).toHaveLength(2);
});
