import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFailure } from '../support/a-failure.ts';
import { buildProblem } from '../../src/domain/problems/build-problem.ts';
import { showProblem } from '../../src/domain/problems/problem.ts';
import { aWhatsappChannel, publicUrl, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const secretWords = /which-nobody-may-see|capability|BEGIN PRIVATE KEY|whsec_/;

async function makeChannel(members: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const made = await test.call('POST /v1/channels', { body: aWhatsappChannel(members) });
  expect([made.status, made.body]).toEqual([201, made.body]);
  return String(made.at('id'));
}

async function pauseByProblem(id: string) {
  const problem = buildProblem({
    failure: aFailure({ class: 'configuration', code: 'whatsapp_190' }),
    problemId: 'prb_1',
    attempt: 1,
    jobId: 'msg_1',
    requestId: null,
    tenantId: test.tenantId,
    occurredAt: '2026-01-01T00:00:00.000Z',
    nextAttemptAt: null,
  });
  const { transactions, channels, clock } = test.dependencies;
  await transactions.withTenant(test.tenantId, (tx) => channels.pause(tx, id, problem, clock()));
  return showProblem(problem, publicUrl);
}

describe('a WhatsApp channel', () => {
  it('shows its settings with their defaults and none of its secrets', async () => {
    const made = await test.call('POST /v1/channels', { body: aWhatsappChannel({ userNotices: { es: 'No llegó' } }) });
    const id = String(made.at('id'));
    expect(made.headers['location']).toBe(`/v1/channels/${id}`);
    expect(made.body).toEqual({
      id,
      kind: 'whatsapp',
      name: 'Main number',
      state: 'active',
      pausedReason: null,
      phoneNumberId: '1061',
      auth: null,
      apiBaseUrl: 'https://graph.example.com/v23.0',
      botUrl: null,
      kpiUrl: null,
      numRetries: 5,
      countOutages: false,
      markRead: 'on_typing',
      health: {
        lastSendAt: null,
        lastStatusAt: null,
        lastInboundAt: null,
        callbacks: { lastRefusedAt: null, refused24h: 0, code: null },
        breaker: 'closed',
        botBreaker: 'closed',
      },
      retryInitialMs: 1_000,
      retryMaxMs: 600_000,
      statusWindowSeconds: 86_400,
      ambiguousPolicy: 'resend',
      ambiguousWindowMs: 10_000,
      ordering: 'strict',
      ratePerSecond: 80,
      userNotices: { es: 'No llegó' },
      quoteReplies: false,
      errorOverrides: {},
      wabaId: null,
      window: { outside: 'send' },
      optOutWords: [],
      optInWords: [],
      callbackUrl: `${publicUrl}/v1/channels/${id}/callbacks`,
      createdAt: made.at('createdAt'),
      updatedAt: made.at('createdAt'),
    });
    for (const route of [`GET /v1/channels/${id}`, 'GET /v1/channels', `POST /v1/channels/${id}/pause`]) {
      expect((await test.call(route)).text).not.toMatch(secretWords);
    }
    const { transactions, channels } = test.dependencies;
    const channel = await transactions.withTenant(test.tenantId, (tx) => channels.findWhatsapp(tx, id));
    const secrets = channel === null ? null : channels.openSecrets(channel);
    expect(secrets?.appSecret).toBe('app-secret-which-nobody-may-see');
    expect(secrets?.capability).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('is changed member by member', async () => {
    const id = await makeChannel({ numRetries: 2, errorOverrides: { '131049': { class: 'transient' } } });
    const body = { name: 'Second number', accessToken: 'new-which-nobody-may-see', botUrl: 'https://bot.example.com/' };
    const changed = await test.call(`PATCH /v1/channels/${id}`, { body });
    expect(changed.body).toMatchObject({
      name: 'Second number',
      botUrl: 'https://bot.example.com/',
      numRetries: 2,
      errorOverrides: { '131049': { class: 'transient' } },
    });
    expect(changed.text).not.toMatch(secretWords);
    const { transactions, channels } = test.dependencies;
    const channel = await transactions.withTenant(test.tenantId, (tx) => channels.findWhatsapp(tx, id));
    const secrets = channel === null ? null : channels.openSecrets(channel);
    expect(secrets).toMatchObject({
      accessToken: 'new-which-nobody-may-see',
      appSecret: 'app-secret-which-nobody-may-see',
    });
    expect((await test.call(`PATCH /v1/channels/${id}`, { body: { botUrl: null } })).at('botUrl')).toBe(null);
  });

  it('refuses members that it cannot have', async () => {
    const id = await makeChannel({ retryInitialMs: 500 });
    const change = (body: object) => test.call(`PATCH /v1/channels/${id}`, { body });
    expect(refusalOf(await change({ projectId: 'p-1' }))).toEqual([422, 'invalid_request', '/projectId']);
    expect(refusalOf(await change({ kind: 'push' }))).toEqual([422, 'invalid_request', '/kind']);
    expect(refusalOf(await change({ retryMaxMs: 499 }))).toEqual([422, 'invalid_request', '/retryMaxMs']);
    expect(refusalOf(await change({ userNotices: { english: 'x' } }))).toEqual([
      422,
      'invalid_request',
      '/userNotices/english',
    ]);
    expect(refusalOf(await change({ botUrl: 'http://bot.example.com' }))).toEqual([422, 'url_not_allowed', '/botUrl']);
    expect(refusalOf(await change({ kpiUrl: 'https://169.254.169.254/' }))).toEqual([
      422,
      'url_not_allowed',
      '/kpiUrl',
    ]);
    const body = aWhatsappChannel({ apiBaseUrl: 'https://[::1]/v23.0' });
    expect(refusalOf(await test.call('POST /v1/channels', { body }))).toEqual([422, 'url_not_allowed', '/apiBaseUrl']);
    expect((await test.call('POST /v1/channels', { body: { ...body, kind: 'sms' } })).status).toBe(422);
  });

  it('is paused and resumed by hand, as often as one likes', async () => {
    const id = await makeChannel();
    for (const [action, state] of [
      ['pause', 'paused'],
      ['pause', 'paused'],
      ['resume', 'active'],
      ['resume', 'active'],
    ]) {
      const answer = await test.call(`POST /v1/channels/${id}/${action}`);
      expect([answer.status, answer.at('state'), answer.at('pausedReason')]).toEqual([200, state, null]);
    }
  });

  it('goes on by new credentials when an error has paused it, and only then', async () => {
    const id = await makeChannel();
    const problem = await pauseByProblem(id);
    const renamed = await test.call(`PATCH /v1/channels/${id}`, { body: { name: 'renamed' } });
    expect([renamed.at('state'), renamed.at('pausedReason')]).toEqual(['paused', problem]);
    const cured = await test.call(`PATCH /v1/channels/${id}`, { body: { accessToken: 'fresh' } });
    expect([cured.at('state'), cured.at('pausedReason')]).toEqual(['active', null]);
    await test.call(`POST /v1/channels/${id}/pause`);
    const held = await test.call(`PATCH /v1/channels/${id}`, { body: { accessToken: 'fresher' } });
    expect(held.at('state')).toBe('paused');
  });

  it('has an access token or a client that gets them, and may change from one to the other', async () => {
    const { accessToken, ...rest } = aWhatsappChannel();
    const shown = { kind: 'oauth2_client_credentials', tokenUrl: 'https://login.example.com/token', clientId: 'c' };
    const auth = { ...shown, clientSecret: 'client-secret-which-nobody-may-see' };
    const create = (members: object) => test.call('POST /v1/channels', { body: { ...rest, ...members } });
    expect(refusalOf(await create({ accessToken, auth }))).toEqual([422, 'invalid_request', '/auth']);
    const made = await create({ auth });
    expect([made.at('auth'), secretWords.test(made.text)]).toEqual([shown, false]);
    const id = String(made.at('id'));
    const change = (body: object) => test.call(`PATCH /v1/channels/${id}`, { body });
    const { channels } = test.dependencies;
    const secretsNow = async () =>
      (await test.database.transactions.withTenant(test.tenantId, (tx) => channels.lock(tx, id)))?.secrets;
    expect(await secretsNow()).toMatchObject({ auth });
    expect((await change({ accessToken: 'instead' })).at('auth')).toBeNull();
    expect(await secretsNow()).toMatchObject({ accessToken: 'instead' });
    await pauseByProblem(id);
    expect((await change({ auth })).body).toMatchObject({ state: 'active', auth: shown });
  });

  it('stays while jobs refer to it', async () => {
    const [used, unused] = [await makeChannel(), await makeChannel()];
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({
        text: `insert into job (id, tenant_id, kind, state, channel_id, request, expires_at, created_at, updated_at)
          values ('msg_1', $1, 'message', 'queued', $2, '{}', now(), now(), now())`,
        values: [test.tenantId, used],
      }),
    );
    const refused = await test.call(`DELETE /v1/channels/${used}`);
    expect([refused.status, refused.at('code')]).toEqual([409, 'conflict']);
    expect((await test.call(`GET /v1/channels/${used}`)).status).toBe(200);
    expect((await test.call(`DELETE /v1/channels/${unused}`)).status).toBe(204);
    expect((await test.call(`DELETE /v1/channels/${unused}`)).status).toBe(404);
  });
});

describe('a push channel', () => {
  const push = { kind: 'push', name: 'App', projectId: 'app-1', apiBaseUrl: 'https://fcm.googleapis.com' };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const account = {
    client_email: 'a@b.c',
    private_key: pem,
    token_uri: 'https://oauth2.googleapis.com/token',
  };

  it('has one credential, which it does not show', async () => {
    const made = await test.call('POST /v1/channels', { body: { ...push, serviceAccount: account } });
    expect(made.body).toMatchObject({ ...push, state: 'active' });
    expect(made.text).not.toMatch(secretWords);
    const route = `PATCH /v1/channels/${String(made.at('id'))}`;
    expect((await test.call(route, { body: { accessToken: 'instead-which-nobody-may-see' } })).status).toBe(200);
    const locked = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      test.dependencies.channels.lock(tx, String(made.at('id'))),
    );
    expect(locked?.secrets).toEqual({ accessToken: 'instead-which-nobody-may-see' });
  });

  it('takes a key whose line breaks are escaped as it was meant', async () => {
    const serviceAccount = { ...account, private_key: pem.replaceAll('\n', '\\n') };
    const made = await test.call('POST /v1/channels', { body: { ...push, serviceAccount } });
    const locked = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      test.dependencies.channels.lock(tx, String(made.at('id'))),
    );
    expect(locked?.secrets).toMatchObject({ serviceAccount: { private_key: pem } });
  });

  it.each(['-----BEGIN PRIVATE KEY-----', 'no key'])('refuses the key "%s", which could sign nothing', async (key) => {
    const body = { ...push, serviceAccount: { ...account, private_key: key } };
    const refused = await test.call('POST /v1/channels', { body });
    expect(refusalOf(refused)).toEqual([422, 'invalid_request', '/serviceAccount/private_key']);
  });

  it('refuses none and both, and a token_uri that may not be called', async () => {
    const create = (members: object) => test.call('POST /v1/channels', { body: { ...push, ...members } });
    expect(refusalOf(await create({}))).toEqual([422, 'invalid_request', '/serviceAccount']);
    expect(refusalOf(await create({ accessToken: 'x', serviceAccount: account }))).toEqual([
      422,
      'invalid_request',
      '/serviceAccount',
    ]);
    const inward = { ...account, token_uri: 'https://127.0.0.1/token' };
    expect(refusalOf(await create({ serviceAccount: inward }))).toEqual([
      422,
      'url_not_allowed',
      '/serviceAccount/token_uri',
    ]);
  });
});
