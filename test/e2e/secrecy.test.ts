import { afterAll, beforeAll, expect, it } from 'vitest';
import { metaError } from '../../demo/stand-ins/meta-error.ts';
import { type Push, pushError, startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../support/caller.ts';
import { openProduct, type ProductChannel, type Product, type RunningProcess } from '../support/product-fixture.ts';
import { readBytes } from '../support/read-bytes.ts';

let place: Product;
let processes: readonly RunningProcess[];
let push: Push;
let tenant: Caller & { readonly tenantId: string };
let channel: ProductChannel;

beforeAll(async () => {
  place = await openProduct();
  push = await startPush({ accessToken: pushAccessToken });
  processes = await Promise.all([place.startApi({ LOG_LEVEL: 'trace' }), place.startWorker({ LOG_LEVEL: 'trace' })]);
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant, { numRetries: 1 });
});
afterAll(async () => {
  await push.stop();
  await place.close();
});

const number = '34699887766';
const otherNumber = '34699887755';
const deviceToken = 'a-token-of-somebodys-device';
const pushAccessToken = 'an-access-token-for-pushes';
const words = 'a-word-that-only-the-recipient-may-read';
const conversationId = 'a-conversation-named-after-someone';

/** A push to this user, and before it one that is refused with words that quote everything. */
async function pushTo(userId: string): Promise<JobView> {
  const members = { projectId: 'shop', apiBaseUrl: push.url, accessToken: pushAccessToken };
  await tenant.ask('POST /v1/channels', { kind: 'push', name: words, ...members });
  const user = { active: true, language: 'en', push: { enabled: true, tokens: [{ token: deviceToken }] } };
  await tenant.ask(`PUT /v1/directory/merchants/m-1/users/${userId}`, user);
  const { body, status = 403 } = pushError(403, 'SENDER_ID_MISMATCH');
  const quoted = JSON.stringify(body).replace('Refused', `${deviceToken} of ${userId} with Bearer ${pushAccessToken}`);
  push.script(deviceToken, [{ status, body: JSON.parse(quoted) as typeof body }]);
  const notification = {
    type: 'PUSH_NOTIFICATION',
    integration: 'erp',
    titleI18n: { en: words },
    messageI18n: { en: words },
    data: { note: words },
    receivers: [{ merchantId: 'm-1', userIds: [userId] }],
  };
  const refused = await tenant.ask<JobView>('POST /v1/notifications', notification);
  await tenant.follow(refused.id, ({ terminal }) => terminal);
  return tenant.ask<JobView>('POST /v1/notifications', notification);
}

it('no log and no history holds a number, a text, a name, a token or a key', async () => {
  const activity = { type: 'message', text: words, locale: 'es' };
  const common = { activity, conversationId, externalId: `${words}-id`, metadata: { note: words } };
  const delivered = await tenant.send({ to: `+${number}`, ...common });
  await tenant.follow(delivered.id, ['read']);

  // Refusals quote what was sent, and so do breaks in the middle of an answer.
  const details = `Recipient ${otherNumber} cannot get "${words}" with ${channel.accessToken}`;
  const refusal = { status: 503, body: metaError(131000, { details, title: details }) };
  const error = { code: 135000, title: details, message: details, details };
  place.kernel.script(otherNumber, [{ answer: refusal }, { callbacks: [{ status: 'failed', errors: [error] }] }]);
  const failed = await tenant.send({ to: `+${otherNumber}`, ...common });
  await tenant.follow(failed.id, ['failed']);
  const unrenderable = await tenant.send({ to: `+${number}`, activity: { ...activity, textFormat: 'xml' } });
  await tenant.follow(unrenderable.id, ['failed']);
  await tenant.call('POST /v1/messages', { body: { to: words, activity, [words]: number } });
  await tenant.call('POST /v1/messages', { body: `{"to":"${number}", ${words}` });
  await tenant.call(`GET /v1/jobs?to=${encodeURIComponent(`+${number}`)}`);
  await tenant.call(`GET /v1/jobs/${words}`, { key: `wp_${words}` });

  await tenant.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url, secret: place.integratorSecret });
  await tenant.ask('PUT /v1/directory/merchants/m-1', { name: words });
  const notification = await tenant.ask<JobView>('POST /v1/notifications', {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    titleI18n: { en: words },
    messageI18n: { en: words },
    data: { note: words },
    receivers: [{ merchantId: 'm-1', userIds: [words] }],
  });
  await tenant.follow(notification.id, ({ terminal }) => terminal);

  const pushed = await pushTo(words);
  await tenant.follow(pushed.id, ({ terminal }) => terminal);
  expect(push.requests.list().map(({ token }) => token)).toEqual([deviceToken, deviceToken]);

  const ids = [delivered.id, failed.id, unrenderable.id, notification.id, pushed.id, `relay-kpi-${channel.id}`];
  await Promise.all(ids.map((id) => place.temporal.waitForEnd(id)));
  const histories = await Promise.all(ids.map((id) => place.temporal.history(id)));
  const places = [...processes.map((each) => each.output()), ...histories.map(readBytes)];
  expect(places.every((text) => text.length > 0)).toBe(true);

  const secrets = {
    number,
    otherNumber,
    words,
    conversationId,
    accessToken: channel.accessToken,
    key: tenant.key,
    adminKey: place.adminKey,
    encryptionKey: (place.environment['WAYPOST_ENCRYPTION_KEYS'] ?? '').slice(3),
    databasePassword: new URL(place.databaseUrl).password,
    integratorSecret: place.integratorSecret,
    deviceToken,
    pushAccessToken,
  };
  const found = Object.entries(secrets).filter(([, secret]) => places.some((text) => text.includes(secret)));
  expect(found.map(([name]) => name)).toEqual([]);
  // The check can fail: what may be seen is seen.
  expect(places[1]).toContain(delivered.id);
  expect(places[1]).toContain('fcm_SENDER_ID_MISMATCH');
  expect(places[2]).toContain('deliverMessage');
});
