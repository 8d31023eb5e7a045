import { generateKeyPairSync } from 'node:crypto';
import { startHttpServer } from '../../demo/stand-ins/http-server.ts';
import { startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { createCaller } from './caller.ts';
import { startDirectory, tellUsers } from './directory-stand-in.ts';
import { poll } from './poll.ts';
import { openProduct } from './product-fixture.ts';
import { startWebhookSink } from './webhook-sink.ts';

// Marked values: what only the user may read, and what nobody may.
export const number = '34699776655';
export const words = 'a-word-that-only-the-user-may-read';
export const pushToken = 'a-device-of-somebody';
export const oauthToken = 'ya29.the-token-of-the-service-account';
export const directoryKey = 'the-key-of-the-directory';
export const integratorKey = 'the-key-of-the-integrator';
export const idempotencyKey = 'an-idempotency-key-with-a-name';
const attachment = Buffer.from(`%PDF-${words}`);

export const personalMarks = {
  number,
  words,
  pushToken,
  idempotencyKey,
  file: attachment.toString('base64').slice(0, 24),
};
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** A line of the key: files are quoted with other line ends. */
export const privateKeyLine = privatePem.split('\n')[3] ?? '';

/** A product whose upstreams quote back what they were sent before they take it, with all entry points but those of plain messages. */
export async function openMarkedProduct() {
  const place = await openProduct();
  const trace = { LOG_LEVEL: 'trace' };
  const processes = await Promise.all([place.startApi(trace), place.startWorker(trace)]);
  const push = await startPush({ accessToken: oauthToken });
  const directory = await startDirectory();
  const sink = await startWebhookSink();
  /** What the token endpoint was asked with: whoever has it may fetch a token. */
  const assertions: string[] = [];
  const oauth = await startHttpServer({
    name: 'token endpoint',
    handle({ body }, response) {
      const assertion = new URLSearchParams(body.toString()).get('assertion') ?? '';
      const isRefused = assertions.push(assertion) === 1;
      const refusal = { error: 'temporarily_unavailable', error_description: `${assertion} for ${words}` };
      response
        .writeHead(isRefused ? 503 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(isRefused ? refusal : { access_token: oauthToken, expires_in: 3_600 }));
    },
  });
  const tenant = await place.makeTenant();
  const channel = await place.makeChannel(tenant, { quoteReplies: true });

  return {
    place,
    processes,
    tenant,
    channel,
    assertions,
    subscribe,
    talk,
    sendMany,
    upload,
    notify,
    stumble,
    async close() {
      await place.close();
      await Promise.all([push.stop(), directory.close(), sink.stop(), oauth.stop()]);
    },
  };

  async function subscribe(): Promise<string[]> {
    const made = await tenant.ask<{ id: string; secret: string }>('POST /v1/webhooks', {
      url: `${sink.url}/${words}`,
      description: words,
      retrySchedule: [0, 1, 1],
    });
    const rotated = await tenant.ask<{ secret: string }>(`POST /v1/webhooks/${made.id}/rotate-secret`);
    const secrets = [made.secret, rotated.secret];
    let posts = 0;
    sink.answer = () => {
      posts += 1;
      return posts === 1 ? { status: 503, body: `${secrets.join()} ${words} ${number}` } : { status: 204 };
    };
    await tenant.ask(`POST /v1/webhooks/${made.id}/test`);
    posts = 0;
    return secrets;
  }

  /** A user writes, the bot fails with all that it was told, then answers, and answers once more by itself. */
  async function talk(): Promise<{ readonly capability: string; readonly jobs: string[] }> {
    const from = { from: `+${number}`, name: words };
    await tenant.ask(`PATCH /v1/channels/${channel.id}`, { botUrl: place.bot.url });
    const mediaId = place.kernel.addMedia({ mimeType: 'application/pdf', bytes: attachment });
    place.bot.script('message', [{ status: 503, body: { echo: [words, `+${number}`] } }]);
    const text = { type: 'text', text: { body: words } };
    const document = { type: 'document', document: { id: mediaId, mime_type: 'application/pdf', filename: words } };
    await place.kernel.receive(channel.phoneNumberId, [{ ...from, wamid: 'wamid.first', item: text }]);
    const [told] = await poll({
      what: 'the bot is told',
      look: () => place.bot.messages(),
      isDone: (messages) => messages.length > 0,
      timeoutMs: 20_000,
    });
    const serviceUrl = String(told?.['serviceUrl']);
    const capability = serviceUrl.split('/').at(-2) ?? '';
    // As the SDKs do it.
    const reply = { type: 'message', text: words, locale: 'es', serviceUrl };
    place.bot.script('message', [
      { status: 503, body: { serviceUrl, words } },
      { body: { activities: [reply], echo: serviceUrl } },
    ]);
    await place.kernel.receive(channel.phoneNumberId, [{ ...from, wamid: 'wamid.second', item: document }]);
    const inbound = await poll({
      what: 'both messages are with the bot',
      look: () => tenant.list<JobView>('/v1/jobs?kind=inbound'),
      isDone: (list) => list.length === 2 && list.every(({ state }) => state === 'completed'),
      timeoutMs: 40_000,
    });
    const bot = createCaller(serviceUrl.slice(0, -1), '');
    const later = await bot.call(`POST /v3/conversations/${channel.id}.${number}/activities`, {
      key: null,
      body: reply,
    });
    await tenant.follow(String(later.at('id')), ['read']);
    const info = await bot.call(`GET /v3/attachments/${mediaId}`, { key: null });
    const bytes = await bot.call(`GET /v3/attachments/${mediaId}/views/original`, { key: null });
    if (info.status !== 200 || !bytes.text.includes(words)) throw new Error(`the bot got no media: ${bytes.text}`);
    await bot.call('POST /v3/conversations', { key: null, body: `{"members":"${words} ${number}` });
    await bot.call(`GET /v3/attachments/${words}`, { key: null });
    return { capability, jobs: inbound.map(({ id }) => id) };
  }

  /** Enough at once to make their first attempts in a page. */
  async function sendMany(): Promise<string[]> {
    const activity = { type: 'message', text: words, locale: 'es' };
    const messages = Array.from({ length: 10 }, () => ({ to: `+${number}`, activity, metadata: { note: words } }));
    const { data } = await tenant.ask<{ data: JobView[] }>('POST /v1/messages/batch', { messages });
    for (const { id } of data) await tenant.follow(id, ['read']);
    return data.map(({ id }) => id);
  }

  async function upload(): Promise<string> {
    const echo = { error: { code: 2, message: `${channel.accessToken} cannot upload ${words}` } };
    place.kernel.scriptUploads(channel.phoneNumberId, [{ status: 503, body: echo }]);
    const contentUrl = `data:application/pdf;base64,${attachment.toString('base64')}`;
    const activity = {
      type: 'message',
      text: words,
      attachments: [{ contentType: 'application/pdf', contentUrl, name: words }],
    };
    const headers = { 'idempotency-key': idempotencyKey };
    const body = { to: `+${number}`, activity };
    const id = String((await tenant.call('POST /v1/messages', { body, headers })).at('id'));
    await tenant.call('POST /v1/messages', { body: { ...body, externalId: words }, headers });
    await tenant.follow(id, ['read']);
    return id;
  }

  async function notify(): Promise<string[]> {
    directory.answer = (merchantId, reply) => {
      if (directory.countOf(merchantId) === 1) reply.writeHead(503).end(`${directoryKey} ${words}`);
      else tellUsers(reply, [{ id: words, language: 'en', push: { enabled: true, tokens: [{ token: pushToken }] } }]);
    };
    await tenant.ask('PUT /v1/directory/source', { kind: 'http', url: directory.url, apiKey: directoryKey });
    const serviceAccount = {
      client_email: 'push@project.example',
      private_key: privatePem,
      token_uri: `${oauth.url}/token`,
    };
    await tenant.ask('POST /v1/channels', {
      kind: 'push',
      name: words,
      projectId: 'p',
      apiBaseUrl: push.url,
      serviceAccount,
    });
    push.script(pushToken, [{ status: 503, body: { error: { message: `${pushToken} ${oauthToken} ${words}` } } }]);
    const secret = place.integratorSecret;
    const url = place.integrator.url;
    await tenant.ask('POST /v1/integrations', {
      name: 'erp',
      url,
      apiKey: integratorKey,
      secret,
      retrySchedule: [0, 1, 1],
    });
    place.integrator.script(words, [{ status: 503, body: { echo: `${integratorKey} ${secret} ${words}` } }]);
    const ids: string[] = [];
    for (const type of ['PUSH_NOTIFICATION', 'USER_CENTER_NOTIFICATION']) {
      const job = await tenant.ask<JobView>('POST /v1/notifications', {
        type,
        integration: 'erp',
        externalId: words,
        titleI18n: { en: words },
        messageI18n: { en: words },
        data: { note: words },
        receivers: [{ merchantId: 'm-1', userIds: [words, `${words}-unknown`] }],
      });
      const ended = await tenant.follow(job.id, ({ terminal }) => terminal, 60_000);
      if (ended.counts?.delivered !== 1) throw new Error(`the ${type} came to ${JSON.stringify(ended.counts)}`);
      ids.push(job.id);
    }
    return ids;
  }

  /** Requests that are refused, with everything where it does not belong. */
  async function stumble(): Promise<void> {
    const url = `http://${words}:${integratorKey}@10.0.0.1/${words}`;
    const calls: [route: string, body?: unknown][] = [
      ['POST /v1/webhooks', { url, [words]: words }],
      ['POST /v1/webhooks', { url }],
      [`PATCH /v1/channels/${channel.id}`, { botUrl: url, accessToken: `${channel.accessToken}\n` }],
      ['PUT /v1/directory/source', { kind: 'http', url, apiKey: directoryKey }],
      [`GET /v1/events?after=${words}`],
      [`GET /v1/jobs?cursor=${words}&to=%2B${number}`],
      [`GET /v1/centers/user/merchants/m-1/users/${words}/notifications`],
      [`POST /webhooks/integration/${words}/webhooktype/PUSH_NOTIFICATION`, { titleI18n: { en: words } }],
      [`POST /bot/${channel.id}/${channel.accessToken}/v3/conversations`, { members: [] }],
      [
        `GET /v1/channels/${channel.id}/callbacks?hub.mode=subscribe&hub.verify_token=${channel.verifyToken}&hub.challenge=${words}`,
      ],
    ];
    for (const [route, body] of calls) await tenant.call(route, { body, headers: { 'last-event-id': words } });
    await tenant.call('GET /v1/events/stream', { headers: { 'last-event-id': words } });
  }
}
