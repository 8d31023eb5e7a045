import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const to = '+34600000801';

/** Delivers a reply to `replyToId`; returns what it was sent with as its context. */
async function reply(channelId: string, replyToId: string, origin: 'api' | 'bot' = 'api'): Promise<unknown> {
  const request = { activity: { type: 'message', text: 'Yes', replyToId } };
  const { id } = await place.accept(channelId, { to, origin, request });
  await place.deliver(id);
  expect(place.sendsOf(id)).toHaveLength(1);
  return place.sendsOf(id)[0]?.payload['context'];
}

async function sendOne(channelId: string, text = 'A question?'): Promise<{ id: string; wamid: string }> {
  const { id } = await place.accept(channelId, { to, request: { activity: { type: 'message', text } } });
  await place.deliver(id);
  return { id, wamid: place.sendsOf(id)[0]?.wamid ?? '' };
}

describe('a reply', () => {
  it('quotes what it answers, by the id of its job, or by that of the provider', async () => {
    const channelId = await place.addChannel();
    const { id, wamid } = await sendOne(channelId);
    expect(await reply(channelId, id)).toEqual({ message_id: wamid });
    expect(await reply(channelId, wamid)).toEqual({ message_id: wamid });
  });

  it('quotes the first send of a message of several', async () => {
    const channelId = await place.addChannel();
    const { id, wamid } = await sendOne(channelId, 'a'.repeat(5_000));
    expect(place.sendsOf(id)).toHaveLength(2);
    expect(await reply(channelId, id)).toEqual({ message_id: wamid });
  });

  it('quotes what was received', async () => {
    const channelId = await place.addChannel();
    const received = place.stores.createId('inbound');
    await place.rows(
      `insert into job (id, tenant_id, kind, state, terminal, channel_id, provider_message_ids, request, expires_at,
        created_at, updated_at)
        values ($1, $2, 'inbound', 'completed', true, $3, '{wamid.in1}', '{}', now(), now(), now())`,
      [received, place.tenantId, channelId],
    );
    expect(await reply(channelId, received)).toEqual({ message_id: 'wamid.in1' });
  });

  it("quotes nothing of another tenant's, though it names its job", async () => {
    const channelId = await place.addChannel();
    const [stranger, foreign] = [await place.addTenant(), place.stores.createId('inbound')];
    await place.stores.transactions.withTenant(stranger, (tx) =>
      tx.execute({
        text: `insert into job (id, tenant_id, kind, state, terminal, provider_message_ids, request, expires_at, created_at,
          updated_at) values ($1, $2, 'inbound', 'completed', true, '{wamid.theirs}', '{}', now(), now(), now())`,
        values: [foreign, stranger],
      }),
    );
    const nobodys = place.stores.createId('inbound');
    const contexts = [await reply(channelId, foreign), await reply(channelId, nobodys)];
    expect(JSON.stringify(contexts)).not.toContain('wamid.theirs');
    expect(contexts[0]).toEqual(contexts[1]);
  });

  it('of a bot quotes only where the channel wants it', async () => {
    const plain = await place.addChannel();
    const quoting = await place.addChannel({ quoteReplies: true });
    const onPlain = await sendOne(plain);
    const onQuoting = await sendOne(quoting);
    expect(await reply(plain, onPlain.id, 'bot')).toBeUndefined();
    expect(await reply(plain, 'wamid.in1', 'bot')).toBeUndefined();
    expect(await reply(quoting, onQuoting.id, 'bot')).toEqual({ message_id: onQuoting.wamid });
    expect(await reply(quoting, 'wamid.in1', 'bot')).toEqual({ message_id: 'wamid.in1' });
  });

  it('quotes nothing, and goes out, where the id is unknown, of another channel, or not sent yet', async () => {
    const channelId = await place.addChannel();
    const other = await sendOne(await place.addChannel());
    const unsent = await place.accept(channelId, { to });
    expect(await reply(channelId, other.id)).toBeUndefined();
    expect(await reply(channelId, unsent.id)).toBeUndefined();
    expect(await reply(channelId, `msg_${'0'.repeat(26)}`)).toBeUndefined();
    expect(await reply(channelId, 'activity-7')).toBeUndefined();
  });
});
