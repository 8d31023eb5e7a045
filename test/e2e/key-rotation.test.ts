import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Push, startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, type Caller } from '../support/caller.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { poll } from '../support/poll.ts';
import { runProcess } from '../support/product-process.ts';
import { openProduct, type ProductChannel, type Product, runSql } from '../support/product-fixture.ts';
import { startWebhookSink, verifyPost } from '../support/webhook-sink.ts';

type Sink = Awaited<ReturnType<typeof startWebhookSink>>;

const pushToken = 'a-token-for-pushes';
const directoryKey = 'a-key-of-the-directory';
const oldKey = `old:${randomBytes(32).toString('base64')}`;
const newKey = `new:${randomBytes(32).toString('base64')}`;

let place: Product;
let push: Push;
let sink: Sink;
let directory: DirectoryStandIn;
let tenant: Caller & { readonly tenantId: string };
let channel: ProductChannel;
let webhook: { readonly id: string; readonly secret: string };

beforeAll(async () => {
  place = await openProduct();
  [push, sink, directory] = await Promise.all([
    startPush({ accessToken: pushToken }),
    startWebhookSink(),
    startDirectory(),
  ]);
  const user = { id: 'u1', language: 'en', push: { enabled: true, tokens: [{ token: 'a-device' }] } };
  directory.answer = (_merchantId, reply) => tellUsers(reply, [user]);
});
afterAll(async () => {
  await place.close();
  await Promise.all([push.stop(), sink.stop(), directory.close()]);
});

const withKeys = (...keys: readonly string[]) => ({ WAYPOST_ENCRYPTION_KEYS: keys.join(',') });
const rotate = (...keys: readonly string[]) =>
  runProcess('rotate-keys', { ...place.environment, ...withKeys(...keys) });

/** Every value in the database that `old` has sealed: a column that the command forgets shows up here. */
async function findSealedBy(keyId: string): Promise<string[]> {
  const columns = await runSql(
    place.databaseUrl,
    `select table_name, column_name from information_schema.columns
      where table_schema = 'public' and data_type in ('text', 'json', 'jsonb', 'ARRAY')`,
  );
  // One statement: a connection for each of some three hundred columns took minutes.
  const looks = columns.map(({ table_name: table, column_name: column }) => {
    const name = `${String(table)}.${String(column)}`;
    return `(select '${name}' as name from "${String(table)}"
      where "${String(column)}"::text ~ '(^|[^A-Za-z0-9_-])${keyId}\\.v2\\.[A-Za-z0-9_-]{38,}' limit 1)`;
  });
  const found = await runSql(place.databaseUrl, looks.join(' union all '), tenant.tenantId);
  return found.map(({ name }) => String(name)).toSorted();
}

const sealed = [
  'channel.secrets',
  'idempotency_key.body',
  'integration.secrets',
  'tenant.directory_source',
  'webhook.secrets',
];

async function setUp(): Promise<void> {
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
  const pushChannel = {
    kind: 'push',
    name: 'Push',
    projectId: 'project',
    apiBaseUrl: push.url,
    accessToken: pushToken,
  };
  await tenant.ask('POST /v1/channels', pushChannel);
  await tenant.ask('POST /v1/integrations', {
    name: 'erp',
    url: place.integrator.url,
    apiKey: 'a-key-of-the-integrator',
    secret: place.integratorSecret,
  });
  webhook = await tenant.ask('POST /v1/webhooks', { url: `${sink.url}/hook`, events: ['message.read'] });
  await tenant.ask('PUT /v1/directory/source', { kind: 'http', url: directory.url, apiKey: directoryKey });
}

const once = { body: aMessage(), headers: { 'idempotency-key': 'before the rotation' } };

/** One of everything that opens a secret. */
async function useEverything(): Promise<void> {
  const message = await tenant.send({ channelId: channel.id });
  await tenant.follow(message.id, ['read']);
  const look = () => sink.posts.find(({ event }) => event.data.id === message.id);
  const post = await poll({ what: 'the webhook', look, isDone: (seen) => seen !== undefined, timeoutMs: 20_000 });
  if (post !== undefined) verifyPost(post, webhook.secret);

  const notification = await tenant.ask<JobView>('POST /v1/notifications', {
    type: 'PUSH_NOTIFICATION',
    integration: 'erp',
    externalId: message.id,
    titleI18n: { en: 'Ready' },
    messageI18n: { en: 'Ready.' },
    receivers: [{ merchantId: 'm1', userIds: ['u1', 'nobody'] }],
  });
  const ended = await tenant.follow(notification.id, ({ terminal }) => terminal);
  expect([ended.state, ended.counts]).toEqual([
    'completed_with_errors',
    expect.objectContaining({ delivered: 1, failed: 1 }),
  ]);
  const callbacks = place.integrator.requests.list().filter(({ body }) => body['externalId'] === message.id);
  // The integrator takes none that its secret has not signed.
  expect(callbacks).toHaveLength(1);
  expect(directory.asked.at(-1)?.headers['x-api-key']).toBe(directoryKey);
}

it('everything works with the new key alone, once everything was sealed anew', async () => {
  let [api, worker] = await Promise.all([place.startApi(withKeys(oldKey)), place.startWorker(withKeys(oldKey))]);
  await setUp();
  const first = await tenant.call('POST /v1/messages', once);
  await useEverything();
  expect(await findSealedBy('old')).toEqual(sealed);

  // Both keys, the new one in front; the command works beside the processes that have them.
  await Promise.all([api.stop(), worker.stop()]);
  [api, worker] = await Promise.all([
    place.startApi(withKeys(newKey, oldKey)),
    place.startWorker(withKeys(newKey, oldKey)),
  ]);
  await useEverything();
  const rotated = await rotate(newKey, oldKey);
  expect(rotated.stdout).toMatch(/^channel.secrets: 2 sealed anew, none left\n/);
  expect(rotated.stdout).toMatch(/\n\d+ workflows are open in Temporal: [^\n]+kept for \d+ days/);
  expect(rotated).toMatchObject({ code: 0, stderr: '' });
  expect(await findSealedBy('old')).toEqual([]);
  expect(await findSealedBy('new')).toEqual(sealed);
  expect((await rotate(newKey, oldKey)).stdout).toContain('channel.secrets: 0 sealed anew, none left');

  await Promise.all([api.stop(), worker.stop()]);
  await Promise.all([place.startApi(withKeys(newKey)), place.startWorker(withKeys(newKey))]);
  const again = await tenant.call('POST /v1/messages', once);
  expect([again.status, again.headers.get('idempotency-replayed'), again.text]).toEqual([202, 'true', first.text]);
  await useEverything();
});

it('says what is left where a key is missing, and ends with an error', async () => {
  const other = `other:${randomBytes(32).toString('base64')}`;
  const { code, stdout, stderr } = await rotate(other);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^channel.secrets: 0 sealed anew, 2 of key new left\n/);
  expect(stderr).toMatch(/^rotate-keys: Not everything is sealed with other/);
});
