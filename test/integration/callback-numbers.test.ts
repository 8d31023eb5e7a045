import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let channelId: string;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});
afterAll(() => place.close());

describe('statuses', () => {
  it('of another number of the same app, which come to this one’s URL too, find their message; foreign ones do not', async () => {
    const other = await place.addChannel({ phoneNumberId: 'another-number' });
    place.kernel.setChannel({ phoneNumberId: 'another-number', appSecret: 'app-secret' });
    const { id } = await place.accept(other);
    await place.deliver(id);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    expect(await place.tell(channelId, { wamid, status: 'sent', jobId: id })).toMatchObject({ applied: 0, parked: 1 });
    const told = { wamid, status: 'delivered', jobId: id, phoneNumberId: 'another-number' };
    expect(await place.tell(channelId, told)).toMatchObject({ applied: 1, parked: 0 });
    expect((await place.find(id)).state).toBe('delivered');
  });
});
