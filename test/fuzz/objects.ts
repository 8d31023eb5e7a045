import { startPush } from '../../demo/stand-ins/push.ts';
import { buildInboundBody } from '../../demo/stand-ins/kernel-bodies.ts';
import { createCodecCapability } from '../../src/usecases/codec-capability.ts';
import { aNumber, type Caller, createCaller } from '../support/caller.ts';
import type { ProductChannel, Product } from '../support/product-fixture.ts';
import { poll } from '../support/poll.ts';
import { signCallback } from '../support/signed-callback.ts';
import { startWebhookSink } from '../support/webhook-sink.ts';

/** So many of each kind, as a fuzzer that finds real ids also deletes what they name. */
const perKind = 40;
const settleMs = 30_000;

/** What a fuzzed request may name, by the name of its list in `schemathesis.toml`. */
export type Dictionaries = Readonly<Record<string, readonly string[]>>;

export interface Objects {
  readonly apiKey: string;
  /** Signs the callbacks of the channel whose id stands in the list `callback-channels`. */
  readonly appSecret: string;
  readonly dictionaries: Dictionaries;
  stop(): Promise<void>;
}

/** Makes a tenant with objects of every kind and every state that is cheap to reach, through the API alone. */
export async function makeObjects(place: Product): Promise<Objects> {
  const push = await startPush();
  const sink = await startWebhookSink();
  const tenant = await place.makeTenant();
  const channel = await place.makeChannel(tenant);
  const ask = <Body>(route: string, body?: unknown) => tenant.ask<Body>(route, body);
  const pushChannel = { kind: 'push', name: 'Push', projectId: 'project', apiBaseUrl: push.url, accessToken: 'token' };
  await ask('POST /v1/channels', pushChannel);
  const channels = await repeat((index) => place.makeChannel(tenant, { name: `Number ${index}` }));
  const integrations = await repeat(async (index) => {
    const body = { name: `erp-${index}`, url: place.integrator.url, secret: place.integratorSecret };
    return (await ask<{ name: string }>('POST /v1/integrations', body)).name;
  });
  const webhooks = await repeat(async (index) => {
    // All of them on all events would be a load test of the worker.
    const body = { url: `${sink.url}/hook`, events: index < 2 ? null : ['channel.paused'] };
    return (await ask<{ id: string }>('POST /v1/webhooks', body)).id;
  });
  const keys = await repeat(async (index) => {
    const { id } = await ask<{ id: string }>('POST /v1/api-keys', { name: `key ${index}`, scopes: ['jobs:read'] });
    return id;
  });
  const merchants = await repeat(async (index) => {
    await ask(`PUT /v1/directory/merchants/m-${index}`, { name: `Merchant ${index}` });
    return `m-${index}`;
  });
  for (const merchant of merchants.slice(0, 5)) await makeUsers(tenant, merchant);
  const jobs = await makeJobs(tenant, channel);
  const capability = await readCapability(place);
  const admin = createCaller(place.apiUrl, place.adminKey);
  const deliveries = await readIds(tenant, `/v1/webhooks/${webhooks[0]}/deliveries?limit=50`);
  const events = await readIds(tenant, '/v1/events?limit=50');
  const problems = await readIds(tenant, '/v1/problems?limit=50');
  const tenants = await readIds(admin, '/v1/tenants');
  const stop = async () => void (await Promise.all([push.stop(), sink.stop()]));
  const dictionaries: Record<string, readonly string[]> = {
    jobs,
    channels: channels.map(({ id }) => id),
    'callback-channels': [channel.id],
    capabilities: [capability],
    conversations: [`${channel.id}.34600111222`],
    'codec-capabilities': [createCodecCapability(place.adminKey)],
    integrations,
    webhooks,
    keys,
    merchants: merchants.slice(0, 5),
    users: ['u-1', 'u-2', 'u-3'],
    deliveries,
    problems,
    events,
    tenants,
    numbers: Array.from({ length: 5 }, aNumber),
    urls: [`${sink.url}/hook`, place.integrator.url],
    'verify-tokens': [channel.verifyToken],
  };
  return { apiKey: tenant.key, appSecret: channel.appSecret, dictionaries, stop };
}

interface Listed {
  readonly id?: string;
  /** A problem's own address, which ends with its id. */
  readonly instance?: string;
}

/** What the list has of ids, once there is any: events and deliveries come a moment after what they tell of. */
async function readIds(caller: Caller, path: string): Promise<string[]> {
  const items = await poll({
    what: `${path} lists something`,
    look: () => caller.list<Listed>(path),
    isDone: ({ length }) => length > 0,
    timeoutMs: settleMs,
  });
  return items.map(({ id, instance }) => id ?? instance?.split('/').at(-1) ?? '');
}

async function repeat<Made>(make: (index: number) => Promise<Made>): Promise<Made[]> {
  const made = [];
  for (let index = 0; index < perKind; index += 1) made.push(await make(index));
  return made;
}

async function makeUsers(tenant: Caller, merchant: string): Promise<void> {
  for (const [index, roles] of [['user'], ['user', 'admin'], ['admin']].entries()) {
    const tokens = [{ token: `token-${merchant}-${index}` }];
    await tenant.ask(`PUT /v1/directory/merchants/${merchant}/users/u-${index + 1}`, {
      active: true,
      roles,
      language: 'en',
      push: { enabled: true, tokens },
    });
  }
}

/** The unguessable part of the address that the bot was told to answer to: `{apiUrl}/bot/{channelId}/{capability}/`. */
async function readCapability(place: Product): Promise<string> {
  const serviceUrl = await poll({
    what: 'the bot is told where to call back',
    look: async () =>
      place.bot.requests
        .list()
        .map(({ activity }) => activity['serviceUrl'])
        .find(isText),
    isDone: (url) => url !== undefined,
    timeoutMs: settleMs,
  });
  return new URL(serviceUrl ?? '').pathname.split('/')[3] ?? '';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Jobs of all kinds: sent, refused, waiting for their time, inbound, and the three types of notification. */
async function makeJobs(tenant: Caller, channel: ProductChannel): Promise<string[]> {
  const channelId = channel.id;
  const sent = await repeat(() => tenant.send({ channelId, conversationId: 'one', groupId: 'group' }));
  const refused = await tenant.send({ channelId, activity: { type: 'message', text: '<p>Hi</p>', textFormat: 'xml' } });
  const later = await repeat(() => tenant.send({ channelId, sendAt: inDays(300), expiresAt: inDays(301) }));
  const item = { type: 'text', text: { body: 'Hola' } };
  const written = { from: '34600111222', name: 'Ana', wamid: 'wamid.inbound', item };
  const inbound = buildInboundBody(channel.phoneNumberId, [written], Date.now());
  await tenant.call(`POST /v1/channels/${channelId}/callbacks`, {
    key: null,
    body: inbound,
    headers: signCallback(inbound, channel.appSecret),
  });
  const notifications = [];
  for (const type of ['USER_CENTER_NOTIFICATION', 'ADMIN_CENTER_NOTIFICATION', 'PUSH_NOTIFICATION']) {
    const body = {
      type,
      integration: 'erp-0',
      externalId: 'inv-1',
      titleI18n: { en: 'Due' },
      messageI18n: { en: 'Please pay' },
      receivers: [{ merchantId: 'm-0', userIds: ['u-1', 'u-2', 'nobody'] }, { merchantId: 'unknown' }],
    };
    notifications.push(await tenant.ask<{ id: string }>('POST /v1/notifications', body));
  }
  for (const { id } of [...notifications, refused]) await tenant.follow(id, (job) => job.terminal, settleMs);
  const told = await tenant.list<{ id: string }>('/v1/jobs?kind=inbound');
  return [...sent, refused, ...later, ...notifications, ...told].map(({ id }) => id);
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}
