import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';
import { startWebhookSink, verifyPost } from '../support/webhook-sink.ts';

let test: TestApp;
let sink: Awaited<ReturnType<typeof startWebhookSink>>;
beforeAll(async () => {
  sink = await startWebhookSink();
  test = await startTestApp({ urlGuard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }) });
});
beforeEach(() => {
  sink.posts.length = 0;
  sink.answer = () => ({ status: 204 });
});
afterAll(async () => {
  await test.close();
  await sink.stop();
});

const create = (members: object = {}, options: { key?: string } = {}) =>
  test.call('POST /v1/webhooks', { body: { url: `${sink.url}/hook`, ...members }, ...options });

describe('webhook endpoints', () => {
  it('are made with a secret that is shown once', async () => {
    const headers = { 'X-Team': 'a secret of the team' };
    const made = await create({ events: ['message.*', 'channel.paused'], description: 'Billing', headers });
    expect(made.text).not.toContain('a secret of the team');
    expect(made.status).toBe(201);
    expect(made.headers['location']).toBe(`/v1/webhooks/${String(made.at('id'))}`);
    expect(made.at('secret')).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const got = await test.call(`GET /v1/webhooks/${String(made.at('id'))}`);
    expect(got.body).toEqual({
      id: expect.stringMatching(/^whk_/),
      url: `${sink.url}/hook`,
      events: ['message.*', 'channel.paused'],
      description: 'Billing',
      headers: ['X-Team'],
      retrySchedule: [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
      state: 'enabled',
      disabledReason: null,
      failuresInARow: 0,
      failingSince: null,
      waiting: 0,
      until: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const list = await test.call('GET /v1/webhooks');
    expect(list.text).not.toContain('whsec_');
    expect(list.at('data.0')).toEqual(got.body);
  });

  it('are made once for an idempotency key', async () => {
    const headers = { 'idempotency-key': 'a-webhook' };
    const body = { url: `${sink.url}/once` };
    const [first, second] = [
      await test.call('POST /v1/webhooks', { body, headers }),
      await test.call('POST /v1/webhooks', { body, headers }),
    ];
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it('are changed member by member', async () => {
    const id = String((await create({ description: 'Old', events: ['message.read'] })).at('id'));
    const path = `/v1/webhooks/${id}`;
    const changed = await test.call(`PATCH ${path}`, { body: { events: null, retrySchedule: [1, 2] } });
    expect(changed.body).toMatchObject({ events: null, retrySchedule: [1, 2], description: 'Old' });
    expect((await test.call(`PATCH ${path}`, { body: { description: null } })).at('description')).toBeNull();
    expect(refusalOf(await test.call(`PATCH ${path}`, { body: { secret: 'whsec_AAAA' } }))[0]).toBe(422);
  });

  it('show how much waits for them while they are left alone, and until when', async () => {
    const { id: tenantId, key } = await test.makeTenant();
    const id = String((await create({ events: ['channel.*'] }, { key })).at('id'));
    const makeEvents = (types: string[]) =>
      test.dependencies.transactions.withTenant(tenantId, (tx) =>
        tx.execute({
          text: `insert into event (id, tenant_id, type, data, created_at)
            select 'evt_' || type || n, $1, type, '{}', now() from unnest($2::text[]) with ordinality as list (type, n)`,
          values: [tenantId, types],
        }),
      );
    await makeEvents(['channel.paused', 'message.sent', 'channel.resumed']);
    const look = async () => (await test.call(`GET /v1/webhooks/${id}`, { key })).body;
    expect(await look()).toMatchObject({ waiting: 0, until: null });
    const until = new Date(Date.now() + 600_000);
    await test.dependencies.transactions.withTenant(tenantId, (tx) =>
      tx.execute({ text: 'update webhook set probe_at = $2 where id = $1', values: [id, until] }),
    );
    expect(await look()).toMatchObject({ waiting: 2, until: until.toISOString() });
    expect((await test.call('GET /v1/webhooks', { key })).at('data.0')).toEqual(await look());
  });

  it('are removed', async () => {
    const path = `/v1/webhooks/${String((await create()).at('id'))}`;
    expect((await test.call(`DELETE ${path}`)).status).toBe(204);
    expect((await test.call(`DELETE ${path}`)).status).toBe(404);
    expect((await test.call(`GET ${path}`)).status).toBe(404);
  });

  it.each([
    [{ events: ['message.unknown'] }, '/events/0'],
    [{ events: [] }, '/events'],
    [{ events: ['*'] }, '/events/0'],
    [{ retrySchedule: [] }, '/retrySchedule'],
    [{ retrySchedule: [-1] }, '/retrySchedule/0'],
    [{ headers: { 'Webhook-Id': 'x' } }, '/headers/Webhook-Id'],
    [{ headers: { 'X-Team': 'two\nlines' } }, '/headers/X-Team'],
    [{ unknown: true }, '/unknown'],
  ])('are refused with %j', async (members, pointer) => {
    expect(refusalOf(await create(members))).toEqual([422, 'invalid_request', pointer]);
  });

  it('may not lead to where nobody may call, when they are made and when they are changed', async () => {
    const id = String((await create()).at('id'));
    for (const url of ['https://10.0.0.1/x', 'https://169.254.169.254/', 'ftp://example.com/', 'https://[::1]/']) {
      expect(refusalOf(await create({ url }))).toEqual([422, 'url_not_allowed', '/url']);
      const changed = await test.call(`PATCH /v1/webhooks/${id}`, { body: { url } });
      expect(refusalOf(changed)).toEqual([422, 'url_not_allowed', '/url']);
    }
  });

  it('belong to their tenant', async () => {
    const other = await test.makeTenant();
    const path = `/v1/webhooks/${String((await create()).at('id'))}`;
    for (const route of [`GET ${path}`, `DELETE ${path}`, `POST ${path}/test`, `GET ${path}/deliveries`]) {
      expect([route, (await test.call(route, { key: other.key })).status]).toEqual([route, 404]);
    }
    expect((await test.call('GET /v1/webhooks', { key: other.key })).at('data')).toEqual([]);
  });

  it('are fifty at most', async () => {
    const { key } = await test.makeTenant();
    const made = await Promise.all(Array.from({ length: 52 }, () => create({}, { key })));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(50);
    expect(made.filter((answer) => answer.status === 409 && answer.at('code') === 'limit_reached')).toHaveLength(2);
  });
});

describe('a test of an endpoint', () => {
  it('is sent at once, signed, and answers with its result', async () => {
    const made = await create();
    const id = String(made.at('id'));
    const answer = await test.call(`POST /v1/webhooks/${id}/test`);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      kind: 'test',
      state: 'delivered',
      url: `${sink.url}/hook`,
      attempts: [{ number: 1, outcome: 'accepted', httpStatus: 204 }],
    });
    const [post] = sink.posts;
    if (post === undefined) throw new Error('nothing came');
    verifyPost(post, String(made.at('secret')));
    expect(post.event).toMatchObject({ id: answer.at('eventId'), type: 'webhook.test', data: { id } });
    expect((await test.call(`GET /v1/webhooks/${id}/deliveries`)).at('data.0')).toEqual(answer.body);
    expect((await test.call(`GET /v1/deliveries/${String(answer.at('id'))}`)).body).toEqual(answer.body);
  });

  it('shows what was said to it, up to 16 KiB and without its secrets', async () => {
    const made = await create();
    const secret = String(made.at('secret'));
    sink.answer = () => ({ status: 500, body: `${secret} is no secret here. ${'é'.repeat(20_000)}` });
    const answer = await test.call(`POST /v1/webhooks/${String(made.at('id'))}/test`);
    const excerpt = String(answer.at('attempts.0.responseExcerpt'));
    expect(excerpt.slice(0, 40)).toBe('[redacted] is no secret here. éééééééééé');
    expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(16 * 1024);
    expect(Buffer.byteLength(excerpt)).toBeGreaterThan(16 * 1024 - 4);
    expect((await test.call(`GET /v1/deliveries/${String(answer.at('id'))}`)).body).toEqual(answer.body);
  });

  it('says why it was not taken, and changes nothing for the endpoint', async () => {
    sink.answer = () => ({ status: 410 });
    const id = String((await create()).at('id'));
    const answer = await test.call(`POST /v1/webhooks/${id}/test`);
    expect(answer.body).toMatchObject({ state: 'failed', error: { code: 'endpoint_gone', source: 'webhook' } });
    expect((await test.call(`GET /v1/webhooks/${id}`)).body).toMatchObject({ state: 'enabled', failuresInARow: 0 });
    const problem = new URL(String(answer.at('error.instance'))).pathname;
    expect((await test.call(`GET ${problem}`)).body).toEqual(answer.at('error'));
  });
});

describe('a rotated secret', () => {
  it('signs together with the one before, by the reference library', async () => {
    const made = await create();
    const id = String(made.at('id'));
    const rotated = await test.call(`POST /v1/webhooks/${id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    const [before, after] = [String(made.at('secret')), String(rotated.at('secret'))];
    expect(after).not.toBe(before);
    await test.call(`POST /v1/webhooks/${id}/test`);
    const [post] = sink.posts;
    if (post === undefined) throw new Error('nothing came');
    verifyPost(post, before);
    verifyPost(post, after);
    const stranger = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    expect(() => verifyPost(post, stranger)).toThrow('No matching signature');
  });
});

describe('a replay', () => {
  it('is refused for a time that is none, and for an endpoint that there is not', async () => {
    const id = String((await create()).at('id'));
    expect((await test.call(`POST /v1/webhooks/${id}/replay`, { body: { since: 'yesterday' } })).status).toBe(422);
    const body = { since: new Date().toISOString() };
    expect((await test.call(`POST /v1/webhooks/${id}/replay`, { body })).body).toEqual({
      replayed: 0,
      nextSince: null,
    });
    expect((await test.call('POST /v1/webhooks/whk_0/replay', { body })).status).toBe(404);
  });
});
