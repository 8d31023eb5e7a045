import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let channelId: string;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});
afterAll(() => place.close());

describe('a status', () => {
  it('never touches an inbound job, whose id anyone who signs may write into it', async () => {
    // A signed status with an inbound's id once turned that `completed` job `read`.
    const id = 'inb_named_by_a_status';
    await place.rows(
      `insert into job (id, tenant_id, kind, state, terminal, channel_id, recipient, request, expires_at, created_at, updated_at)
        values ($1, $2, 'inbound', 'completed', true, $3, '+34600111222', '{}', now() + interval '1 day', now(), now())`,
      [id, place.tenantId, channelId],
    );
    const before = await place.find(id);
    const item = {
      providerMessageId: 'wamid.of-an-inbound',
      status: 'read',
      occurredAt: null,
      callbackData: id,
      phoneNumberId: null,
      said: null,
      raw: { id: 'wamid.of-an-inbound', status: 'read', biz_opaque_callback_data: id },
    };
    expect(await place.applyStatuses(place.tenantId, channelId, [item])).toEqual({
      applied: 0,
      duplicates: 0,
      parked: 1,
    });
    expect(await place.find(id)).toEqual(before);
  });
});
