import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BotFixture, openBotFixture } from '../support/bot-fixture.ts';
import { publicUrl, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let bot: BotFixture;
let other: BotFixture;
beforeAll(async () => {
  test = await startTestApp();
  [bot, other] = [
    await openBotFixture(test),
    await openBotFixture(test, { name: 'Other number', phoneNumberId: '1062' }),
  ];
});
afterAll(() => test.close());

const message = { type: 'message', text: 'Hola' };
const conversationOf = ({ channelId }: BotFixture) => `${channelId}.34600111222`;

/** Posts as the bot does, without a key. `tail` stands after the conversation. */
async function post(body: unknown, tail = 'activities', { path, conversation = conversationOf(bot) } = { ...bot }) {
  return test.call(`POST ${path}/v3/conversations/${conversation}/${tail}`, { key: null, body });
}

async function jobOf(answer: { readonly at: (path: string) => unknown }) {
  return (await test.call(`GET /v1/jobs/${String(answer.at('id'))}`)).body as Record<string, unknown>;
}

/** An inbound message as it is stored. */
async function addInbound(channelId: string): Promise<string> {
  const { createId, transactions } = test.dependencies;
  const id = createId('inbound');
  await transactions.withTenant(test.tenantId, (tx) =>
    tx.execute({
      text: `insert into job (id, tenant_id, kind, state, channel_id, request, expires_at, created_at, updated_at)
        values ($1, $2, 'inbound', 'completed', $3, '{}', now(), now(), now())`,
      values: [id, test.tenantId, channelId],
    }),
  );
  return id;
}

describe('an activity that a bot posts', () => {
  it('becomes a message of its conversation', async () => {
    const answer = await post({ ...message, replyToId: 'wamid.1' });
    expect([answer.status, answer.body]).toEqual([201, { id: expect.stringMatching(/^msg_/) }]);
    expect(await jobOf(answer)).toMatchObject({
      kind: 'message',
      state: 'queued',
      origin: 'bot',
      channelId: bot.channelId,
      to: '+34600111222',
      conversationId: conversationOf(bot),
      groupId: null,
      externalId: null,
      requestId: answer.headers['x-request-id'],
    });
  });

  it('is one message where it comes again with its Idempotency-Key', async () => {
    const call = () =>
      test.call(`POST ${bot.path}/v3/conversations/${conversationOf(bot)}/activities`, {
        key: null,
        body: message,
        headers: { 'idempotency-key': 'a reply of the bot' },
      });
    const [first, second] = [await call(), await call()];
    expect([first.status, second.status, second.headers['idempotency-replayed']]).toEqual([201, 201, 'true']);
    expect(second.text).toBe(first.text);
  });

  it('is kept as it came, odd members of the SDKs included', async () => {
    const activity = { ...message, _channelId: { channel: 'whatsapp' }, _agentIdentity: null, channelData: { a: [1] } };
    const id = (await post(activity)).at('id');
    const [row] = await test.dependencies.transactions.withTenant(test.tenantId, (tx) =>
      tx.query({ text: 'select request from job where id = $1', values: [id] }),
    );
    expect(row).toEqual({ request: { activity } });
  });

  it('stands in line behind an earlier one', async () => {
    const conversation = `${bot.channelId}.34600999888`;
    const states = [];
    for (let count = 0; count < 2; count += 1) {
      states.push(await jobOf(await post(message, 'activities', { ...bot, conversation })));
    }
    expect(states).toMatchObject([{ state: 'queued' }, { state: 'held', waitingFor: { reason: 'turn' } }]);
  });

  it('belongs to the inbound message that it answers: the one of the path first, then its replyToId', async () => {
    const [first, second] = [await addInbound(bot.channelId), await addInbound(bot.channelId)];
    const elsewhere = await addInbound(other.channelId);
    const unknown = test.dependencies.createId('inbound');
    const groupOf = async (tail: string, replyToId?: string) =>
      (await jobOf(await post({ ...message, replyToId }, tail)))['groupId'];
    expect(await groupOf(`activities/${first}`, second)).toBe(first);
    expect(await groupOf('activities', second)).toBe(second);
    expect(await groupOf('activities/wamid.HBgL%3D%3D', second)).toBe(second);
    expect(await groupOf(`activities/${elsewhere}`)).toBeNull();
    expect(await groupOf(`activities/${unknown}`, 'no-id')).toBeNull();
  });

  it('expires when it says so, and after a day where it says nothing that is still to come', async () => {
    const expiryOf = async (expiration: unknown) =>
      Date.parse(String((await jobOf(await post({ ...message, expiration })))['expiresAt'])) - Date.now();
    const minute = 60_000;
    expect(await expiryOf(new Date(Date.now() + 5 * minute).toISOString())).toBeLessThan(6 * minute);
    for (const expiration of ['2001-01-01T00:00:00Z', 'soon', 7]) {
      expect(await expiryOf(expiration)).toBeGreaterThan(23 * 60 * minute);
    }
  });

  it('is skipped where it is no message, and has an id all the same', async () => {
    const answer = await post({ type: 'trace' });
    expect(answer.status).toBe(201);
    const job = await jobOf(answer);
    expect(job).toMatchObject({ state: 'skipped', terminal: true, finishedAt: expect.any(String), error: null });
  });

  it('makes no job where it says that the bot writes, and has an id all the same', async () => {
    const answer = await post({ type: 'typing' });
    expect([answer.status, answer.body]).toEqual([201, { id: expect.stringMatching(/^msg_/) }]);
    expect((await test.call(`GET /v1/jobs/${String(answer.at('id'))}`)).status).toBe(404);
    const elsewhere = { ...bot, conversation: conversationOf(other) };
    expect((await post({ type: 'typing' }, 'activities', elsewhere)).status).toBe(404);
  });

  it('is skipped in the same way where a caller of the API hands it over', async () => {
    const body = { channelId: bot.channelId, to: '+34600111222', activity: { type: 'endOfConversation' } };
    const answer = await test.call('POST /v1/messages', { body });
    expect([answer.status, answer.at('state'), answer.at('terminal')]).toEqual([202, 'skipped', true]);
  });

  it('is refused where it has no type, or is larger than a message may be', async () => {
    expect(refusalOf(await post({ text: 'Hola' }))).toEqual([422, 'invalid_request', '/type']);
    expect(refusalOf(await post([]))).toEqual([422, 'invalid_request', '']);
    const big = { ...message, text: 'x'.repeat(256 * 1024) };
    expect(refusalOf(await post(big))).toEqual([413, 'payload_too_large', undefined]);
  });

  it.each([
    ['another shape', () => 'conversation-1'],
    ["another channel's", () => conversationOf(other)],
    ['no number', () => `${bot.channelId}.34x`],
  ])('is refused for a conversation of %s', async (_case, conversation) => {
    const answer = await post(message, 'activities', { ...bot, conversation: conversation() });
    expect(refusalOf(answer)).toEqual([404, 'not_found', '/path/conversationId']);
  });
});

describe('an address without the capability', () => {
  it('answers like an unknown channel, before the body is read', async () => {
    const wrong = `${bot.capability.slice(0, -1)}${bot.capability.endsWith('A') ? 'B' : 'A'}`;
    const push = await test.call('POST /v1/channels', {
      body: { kind: 'push', name: 'Push', projectId: 'p', apiBaseUrl: 'https://fcm.example.com', accessToken: 'abc' },
    });
    const paths = [
      `/bot/${bot.channelId}/${wrong}`,
      `/bot/${bot.channelId}/short`,
      `/bot/${bot.channelId}/${other.capability}`,
      `/bot/${String(push.at('id'))}/${bot.capability}`,
      `/bot/chn_unknown/${bot.capability}`,
    ];
    for (const path of paths) {
      for (const call of [`POST ${path}/v3/conversations/x/activities`, `POST ${path}/v3/conversations`]) {
        const answer = await test.call(call, { key: null, body: 'no JSON' });
        expect([answer.status, answer.at('code'), answer.at('detail'), answer.at('tenantId')]).toEqual([
          404,
          'not_found',
          'There is no channel at this address.',
          null,
        ]);
      }
      expect((await test.call(`DELETE ${path}/v3/conversations/x/activities/y`, { key: null })).status).toBe(404);
    }
  });
});

describe('a conversation that the bot begins', () => {
  const create = (body: unknown) => test.call(`POST ${bot.path}/v3/conversations`, { key: null, body });

  it('has the id that its messages need', async () => {
    const answer = await create({
      isGroup: false,
      bot: { id: '1061' },
      members: [{ id: '+34600111222', name: 'Ana' }],
    });
    const serviceUrl = `${publicUrl}${bot.path}/`;
    expect([answer.status, answer.body]).toEqual([201, { id: conversationOf(bot), serviceUrl }]);
  });

  it('may begin with an activity', async () => {
    const answer = await create({ members: [{ id: '34600111333' }], activity: message });
    const id = `${bot.channelId}.34600111333`;
    expect(answer.body).toMatchObject({ id, activityId: expect.stringMatching(/^msg_/) });
    const job = await test.call(`GET /v1/jobs/${String(answer.at('activityId'))}`);
    expect(job.body).toMatchObject({ origin: 'bot', to: '+34600111333', conversationId: id });
  });

  it('has exactly one member, with a number', async () => {
    const member = { id: '34600111222' };
    expect(refusalOf(await create({ members: [] }))).toEqual([422, 'invalid_request', '/members']);
    expect(refusalOf(await create({ members: [member, member] }))).toEqual([422, 'invalid_request', '/members']);
    expect(refusalOf(await create({ members: [{ id: 'ana' }] }))).toEqual([422, 'invalid_request', '/members/0/id']);
    expect(refusalOf(await create({ members: [member], activity: {} }))).toEqual([
      422,
      'invalid_request',
      '/activity/type',
    ]);
  });
});

describe('a call that WhatsApp has nothing like', () => {
  it.each([
    ['PUT', 'activities/act-1', message],
    ['DELETE', 'activities/act-1', undefined],
    ['POST', 'activities/history', { activities: [message] }],
    ['POST', 'attachments', { type: 'image/png', originalBase64: '' }],
    ['GET', 'members', undefined],
    ['GET', 'members/34600111222', undefined],
    ['GET', 'pagedmembers', undefined],
  ])('%s …/%s is answered clearly', async (method, tail, body) => {
    // The SDKs name this type on every call, also where there is no body.
    const headers = { 'content-type': 'application/json' };
    const route = `${method} ${bot.path}/v3/conversations/${conversationOf(bot)}/${tail}`;
    const answer = await test.call(route, { key: null, body, headers });
    expect([answer.status, answer.at('code'), answer.headers['content-type']]).toEqual([
      501,
      'not_supported',
      'application/problem+json',
    ]);
  });
});
