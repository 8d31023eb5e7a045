import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Activity } from '@microsoft/agents-activity';
import { ConnectorClient } from '@microsoft/agents-hosting';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, aNumber, createCaller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { joinProduct, type ProductChannel, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller;
let channel: ProductChannel;
/** As the bot is told it, with its last slash. */
let serviceUrl: string;
/** The bot itself: it knows its serviceUrl and has no key. */
let bot: Caller;

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
  await tenant.send();
  const [told] = await poll({
    what: 'the bot is told where to call back',
    look: async () => place.bot.requests.list(),
    isDone: (requests) => requests.length > 0,
    timeoutMs: 10_000,
  });
  serviceUrl = String(told?.activity['serviceUrl']);
  bot = createCaller(serviceUrl.slice(0, -1), '');
});
afterAll(async () => {
  await place.close();
});

const post = (path: string, body: unknown) => bot.call(`POST /v3/conversations${path}`, { key: null, body });
const say = (text: string) => ({ type: 'message', text });
const conversationWith = (to: string) => `${channel.id}.${to.slice(1)}`;
const textsTo = (to: string) =>
  place.kernel.sends
    .list()
    .filter((send) => send.to === to.slice(1))
    .map(({ payload, outcome }) => [(payload['text'] as { body?: string } | undefined)?.body, outcome]);

describe('a bot that knows its serviceUrl', () => {
  it('begins a conversation, and what it says there is delivered', async () => {
    const to = aNumber();
    const made = await post('', { isGroup: false, members: [{ id: to }], activity: say('Hola') });
    expect([made.status, made.at('id'), made.at('serviceUrl')]).toEqual([201, conversationWith(to), serviceUrl]);
    const first = await tenant.follow(String(made.at('activityId')), ['read']);
    expect(first).toMatchObject({ to, conversationId: conversationWith(to), channelId: channel.id });
    const answer = await post(`/${conversationWith(to)}/activities/wamid.1`, { ...say('¿Qué tal?'), replyToId: 'x' });
    expect(answer.status).toBe(201);
    await tenant.follow(String(answer.at('id')), ['read']);
    expect(textsTo(to)).toEqual([
      ['Hola', 'accepted'],
      ['¿Qué tal?', 'accepted'],
    ]);
  });

  it('is heard in order: what it posts second waits until the first is out', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ answer: { status: 503 } }]);
    const first = await post(`/${conversationWith(to)}/activities`, say('one'));
    const second = await post(`/${conversationWith(to)}/activities`, say('two'));
    await tenant.follow(String(second.at('id')), ['read']);
    await tenant.follow(String(first.at('id')), ['read']);
    expect(textsTo(to)).toEqual([
      ['one', 'refused'],
      ['one', 'accepted'],
      ['two', 'accepted'],
    ]);
  });

  it('may type: that makes no job, and holds up nobody', async () => {
    const to = aNumber();
    const typing = await post(`/${conversationWith(to)}/activities`, { type: 'typing' });
    const message = await post(`/${conversationWith(to)}/activities`, say('done'));
    await tenant.follow(String(message.at('id')), ['read']);
    expect([typing.status, (await tenant.call(`GET /v1/jobs/${String(typing.at('id'))}`)).status]).toEqual([201, 404]);
    expect(textsTo(to)).toEqual([['done', 'accepted']]);
  });

  it('fetches what a user sent, byte by byte, without a token of its own', async () => {
    const bytes = randomBytes(3 * 1024 * 1024);
    const id = place.kernel.addMedia({ mimeType: 'image/jpeg', bytes });
    const info = await bot.call(`GET /v3/attachments/${id}`, { key: null });
    expect([info.status, info.at('type'), info.at('views.0.size')]).toEqual([200, 'image/jpeg', bytes.length]);
    const answer = await fetch(`${serviceUrl}v3/attachments/${id}/views/original`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(sha256(bytes));
  });
});

describe('a stranger who guesses', () => {
  it('finds nothing, neither conversations nor media', async () => {
    const to = aNumber();
    const id = place.kernel.addMedia({ mimeType: 'image/jpeg', bytes: randomBytes(10) });
    const guess = createCaller(`${place.apiUrl}/bot/${channel.id}/${randomBytes(32).toString('base64url')}`, '');
    const calls = [
      await guess.call(`POST /v3/conversations/${conversationWith(to)}/activities`, { key: null, body: say('Hola') }),
      await guess.call('POST /v3/conversations', { key: null, body: { members: [{ id: to }] } }),
      await guess.call(`GET /v3/attachments/${id}`, { key: null }),
      await guess.call(`GET /v3/attachments/${id}/views/original`, { key: null }),
    ];
    expect(calls.map((answer) => [answer.status, answer.at('code')])).toEqual(Array(4).fill([404, 'not_found']));
    expect(textsTo(to)).toEqual([]);
  });
});

describe('the Agents SDK, as it is', () => {
  it('begins a conversation, sends, replies, and fetches media', async () => {
    const client = ConnectorClient.createClientWithToken(serviceUrl, '');
    const to = aNumber();
    const activityOf = (text: string) =>
      Activity.fromObject({
        ...say(text),
        channelId: 'whatsapp',
        conversation: { id: conversationWith(to) },
        serviceUrl,
      });
    const { id } = await client.createConversation({
      isGroup: false,
      agent: { id: channel.phoneNumberId },
      members: [{ id: to }],
      activity: activityOf('zero'),
      channelData: {},
    });
    const sent = await client.sendToConversation(id, activityOf('one'));
    const replied = await client.replyToActivity(id, 'wamid.HBgL==', activityOf('two'));
    for (const answer of [sent, replied]) await tenant.follow(answer.id, ['read']);
    expect(textsTo(to).map(([text]) => text)).toEqual(['zero', 'one', 'two']);

    const bytes = randomBytes(100_000);
    const mediaId = place.kernel.addMedia({ mimeType: 'image/png', bytes });
    expect(await client.getAttachmentInfo(mediaId)).toMatchObject({ type: 'image/png' });
    const stream = await client.getAttachment(mediaId, 'original');
    expect(sha256(await buffer(stream))).toBe(sha256(bytes));

    await expect(client.updateActivity(id, sent.id, activityOf('three'))).rejects.toThrow('not_supported');
    await expect(client.deleteActivity(id, sent.id)).rejects.toThrow('not_supported');
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
