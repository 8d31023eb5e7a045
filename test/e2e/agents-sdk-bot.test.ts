import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SdkBot, startSdkBot } from '../support/agents-sdk-bot.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { joinProduct, type ProductChannel, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let bot: SdkBot;
let tenant: Caller;
let channel: ProductChannel;

beforeAll(async () => {
  place = await joinProduct();
  bot = await startSdkBot((text) => [`You said: ${text}`, 'Anything else?']);
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant, { botUrl: bot.url });
});
afterAll(async () => {
  await bot.stop();
  await place.close();
});

async function sendsTo(number: string, count: number) {
  const digits = number.replace('+', '');
  return poll({
    what: `${count} sends to ${number}`,
    look: async () => place.kernel.sends.list().filter(({ to }) => to === digits),
    isDone: (sends) => sends.length >= count,
    timeoutMs: 30_000,
  });
}

describe('an unmodified bot of the Microsoft 365 Agents SDK', () => {
  it('answers a WhatsApp user through us, in order, and each of its replies is a message of its own', async () => {
    const from = aNumber();
    const wamid = `wamid.${randomUUID()}`;
    const item = { from, name: 'Ana', wamid, item: { type: 'text', text: { body: 'Hola' } } };
    await place.kernel.receive(channel.phoneNumberId, [item]);
    const sends = await sendsTo(from, 2);
    expect(sends.map(({ payload }) => payload['text'])).toEqual([
      { body: 'You said: Hola' },
      { body: 'Anything else?' },
    ]);
    expect(bot.turns).toContainEqual({ type: 'message', text: 'Hola', from: from.replace('+', '') });

    const [inbound] = await tenant.list<{ id: string; providerMessageIds: string[] }>(
      `/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`,
    );
    expect(inbound).toMatchObject({ state: 'completed', origin: 'whatsapp', providerMessageIds: [wamid] });
    const replies = await tenant.list<{ id: string }>(`/v1/jobs?groupId=${inbound?.id}`);
    expect(replies).toHaveLength(2);
    for (const { id } of replies) await tenant.follow(id, ['read']);
    expect((await place.temporal.client.getHandle(inbound?.id ?? '').describe()).type).toBe('relayInbound');
  });

  it('is told where to reply later', async () => {
    const { serviceUrl } = bot.newestReference();
    expect(serviceUrl).toMatch(new RegExp(`^${place.apiUrl}/bot/${channel.id}/[^/]{16,}/$`));
  });

  it('replies later by that address, in the same conversation', async () => {
    const from = aNumber();
    const item = { from, name: 'Ben', wamid: `wamid.${randomUUID()}`, item: { type: 'text', text: { body: 'Later' } } };
    await place.kernel.receive(channel.phoneNumberId, [item]);
    await sendsTo(from, 2);
    await bot.replyLater(bot.newestReference(), 'I have thought about it');
    const sends = await sendsTo(from, 3);
    expect(sends.at(-1)?.payload['text']).toEqual({ body: 'I have thought about it' });
    const [newest] = await tenant.list<{ id: string; origin: string; conversationId: string }>(
      `/v1/jobs?kind=message&to=${encodeURIComponent(from)}`,
    );
    expect(newest).toMatchObject({ origin: 'bot', conversationId: `${channel.id}.${from.slice(1)}` });
  });

  it('takes every kind of what a user may send, none of it as an empty turn', async () => {
    const from = aNumber();
    const message = { type: 'text', text: { body: 'Edited' } };
    const items = [
      { type: 'request_welcome' },
      { type: 'order', order: { catalog_id: 'C1', text: 'by Friday', product_items: [{ quantity: 2 }] } },
      { type: 'edit', edit: { original_message_id: 'wamid.x', message } },
      { type: 'revoke', revoke: { original_message_id: 'wamid.x' } },
      { type: 'unsupported', unsupported: { type: 'poll' }, errors: [{ code: 131_060 }] },
      { type: 'system', system: { type: 'user_changed_user_id', user_id: 'ES.2', previous_user_id: 'ES.1' } },
      { type: 'text', group_id: 'Y2FwaV9ncm91cDox', text: { body: 'To all' } },
    ].map((item) => ({ from, name: 'Cat', wamid: `wamid.${randomUUID()}`, item }));
    for (const item of items) await place.kernel.receive(channel.phoneNumberId, [item]);
    const inbound = await tenant.list<{ id: string }>(`/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`);
    expect(inbound).toHaveLength(items.length);
    for (const { id } of inbound)
      expect(await tenant.follow(id, ['completed', 'failed'])).toMatchObject({ error: null });
    expect(
      bot.turns.filter(({ type, text, from: id }) => type === 'message' && id === from.slice(1) && text === ''),
    ).toEqual([]);
  });

  it('hears of the same message once, however often the provider tells it', async () => {
    const from = aNumber();
    const item = { from, name: 'Ana', wamid: `wamid.${randomUUID()}`, item: { type: 'text', text: { body: 'Eco' } } };
    await Promise.all([1, 2, 3].map(() => place.kernel.receive(channel.phoneNumberId, [item])));
    await sendsTo(from, 2);
    const inbound = await tenant.list(`/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`);
    expect([inbound.length, bot.turns.filter(({ text }) => text === 'Eco').length]).toEqual([1, 1]);
  });
});
