import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Answer, Caller } from '../support/caller.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller & { readonly tenantId: string };

const apiKey = 'the-key-of-the-integrator';
const titles = { en: 'Invoice due', es: 'Factura pendiente' };
const messages = { en: 'Pay it.', es: 'Págala.' };

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  const integration = { name: 'erp', url: `${place.integrator.url}/hub`, apiKey, secret: place.integratorSecret };
  await tenant.ask('POST /v1/integrations', { ...integration, retrySchedule: [0, 0] });
  for (const merchantId of ['bakery', 'garage', 'closed']) {
    await tenant.ask(`PUT /v1/directory/merchants/${merchantId}`, { name: merchantId, active: true });
  }
  await saveUser('bakery', 'ana', { language: 'es-ES' });
  await saveUser('bakery', 'ben', { roles: ['user', 'admin'] });
  await saveUser('closed', 'former', { active: false });
});
afterAll(async () => {
  await place.close();
});

async function saveUser(merchantId: string, userId: string, members: object): Promise<void> {
  const user = { active: true, roles: ['user'], language: 'en', ...members };
  await tenant.ask(`PUT /v1/directory/merchants/${merchantId}/users/${userId}`, user);
}

function aNotification(externalId: string, members: object = {}) {
  return {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    externalId,
    externalType: 'INVOICE_DUE',
    titleI18n: titles,
    messageI18n: messages,
    data: { invoice: 'i-1' },
    receivers: [
      { merchantId: 'bakery', userIds: ['ana', 'ben', 'stranger'] },
      { merchantId: 'garage', userIds: [] },
      { merchantId: 'closed', userIds: ['former'] },
    ],
    ...members,
  };
}

const follow = (id: string) => tenant.follow(id, ({ terminal }) => terminal);
const callbacksAbout = (externalId: string) =>
  place.integrator.requests.list().filter(({ body }) => body['externalId'] === externalId);

interface InboxItem {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly externalId: string;
  readonly read: boolean;
  readonly readAt: string | null;
}
const inboxOf = (userId: string, center = 'user') => `/v1/centers/${center}/merchants/bakery/users/${userId}`;
const listInbox = async (userId: string, externalId: string) =>
  (await tenant.list<InboxItem>(`${inboxOf(userId)}/notifications`)).filter((item) => item.externalId === externalId);

describe('a notification for three merchants of which two fail', () => {
  let answer: Answer;
  let job: JobView;
  beforeAll(async () => {
    answer = await tenant.call('POST /v1/notifications', { body: aNotification('partial') });
    job = await follow(String(answer.at('id')));
  });

  it('is answered with 202 and where its job is', () => {
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/v1/jobs/${job.id}`]);
  });

  it('reaches whom it can, and counts the others', async () => {
    expect([job.kind, job.state, job.error]).toEqual(['notification', 'completed_with_errors', null]);
    const counts = { receivers: 3, recipients: 4, delivered: 2, failed: 2, pending: 0, failedMerchants: 2 };
    expect(job.counts).toEqual(counts);
    const recipients = await tenant.list<{ userId: string; state: string; error: { code: string } | null }>(
      `/v1/jobs/${job.id}/recipients`,
    );
    expect(recipients.map(({ userId, state, error }) => [userId, state, error?.code])).toEqual([
      ['ana', 'delivered', undefined],
      ['ben', 'delivered', undefined],
      ['stranger', 'failed', 'no_active_user_for_merchant'],
      ['former', 'failed', 'no_active_users_for_merchant'],
    ]);
    const failed = await tenant.list<{ userId: string }>(
      `/v1/jobs/${job.id}/recipients?state=failed&merchantId=closed`,
    );
    expect(failed.map(({ userId }) => userId)).toEqual(['former']);
  });

  it('tells the integrator of every failure, once, signed and with its key', async () => {
    const callbacks = callbacksAbout('partial');
    expect(callbacks.map(({ signatureFault, apiKey: key }) => [signatureFault, key])).toEqual(
      callbacks.map(() => [null, apiKey]),
    );
    const told = callbacks.map(({ body }) => [body['receivers'], body['errors'], body['requestId']]);
    const error = (code: string, status: string) => [expect.objectContaining({ code, status, requestId: job.id })];
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        [
          [{ merchantId: 'bakery', userIds: ['stranger'] }],
          error('no_active_user_for_merchant', '404 NOT_FOUND'),
          job.id,
        ],
        [[{ merchantId: 'garage', userIds: [] }], error('unspecified_users', '400 BAD_REQUEST'), job.id],
        [[{ merchantId: 'closed', userIds: [] }], error('no_active_users_for_merchant', '404 NOT_FOUND'), job.id],
      ]),
    );
    expect(callbacks[0]?.body).toMatchObject({ titleI18n: titles, messageI18n: messages, data: { invoice: 'i-1' } });
    const deliveries = await tenant.list<{ kind: string; state: string }>(`/v1/jobs/${job.id}/deliveries`);
    expect(deliveries.map(({ kind, state }) => `${kind} ${state}`)).toEqual(
      Array.from({ length: 3 }, () => 'error_callback delivered'),
    );
  });

  it('is read by its users in their language, and marked as read', async () => {
    const [item] = await listInbox('ana', 'partial');
    expect([item?.title, item?.message, item?.read]).toEqual([titles.es, messages.es, false]);
    expect((await listInbox('ben', 'partial')).map(({ title }) => title)).toEqual([titles.en]);
    const unread = async () => (await tenant.call(`GET ${inboxOf('ana')}/unread-count`)).at('unread');
    expect(await unread()).toBe(1);
    const marked = await tenant.ask<InboxItem>(`PATCH ${inboxOf('ana')}/notifications/${item?.id}`, { read: true });
    expect([marked.read, marked.readAt === null, await unread()]).toEqual([true, false, 0]);
    expect(await tenant.list(`${inboxOf('ana')}/notifications?unread=true`)).toEqual([]);
  });

  it('is one workflow of a short history', async () => {
    expect(await place.temporal.waitForEnd(job.id)).toBe('COMPLETED');
    expect((await place.temporal.client.getHandle(job.id).describe()).type).toBe('notifyBatch');
    expect((await place.temporal.history(job.id)).events?.length).toBeLessThanOrEqual(60);
  });
});

describe('a notification', () => {
  it('for administrators is seen by them alone', async () => {
    const receivers = [{ merchantId: 'bakery', userIds: ['ben'] }];
    const body = aNotification('for-admins', { type: 'ADMIN_CENTER_NOTIFICATION', receivers });
    const { id } = await tenant.ask<JobView>('POST /v1/notifications', body);
    expect((await follow(id)).state).toBe('completed');
    const seen = async (userId: string, center: string) =>
      (await tenant.list<InboxItem>(`${inboxOf(userId, center)}/notifications`)).map(({ externalId }) => externalId);
    expect([await seen('ben', 'admin'), await seen('ana', 'admin')]).toEqual([['for-admins'], []]);
    expect(await seen('ben', 'user')).not.toContain('for-admins');
  });

  it('comes in the envelope of existing integrators, too', async () => {
    const { type, integration, ...body } = aNotification('envelope');
    const answer = await tenant.call(`POST /webhooks/integration/${integration}/webhooktype/${type}`, { body });
    expect([answer.status, answer.at('code'), answer.at('errorSeverity')]).toEqual([200, 'OK', 'NONE']);
    const job = await follow(String(answer.at('requestId')));
    expect([job.state, job.counts?.delivered]).toEqual(['completed_with_errors', 2]);
    expect(callbacksAbout('envelope')).toHaveLength(3);
  });

  it('is stored once where the call is repeated with its Idempotency-Key', async () => {
    const request = { body: aNotification('repeated'), headers: { 'idempotency-key': 'ntf-1' } };
    const [first, second] = [
      await tenant.call('POST /v1/notifications', request),
      await tenant.call('POST /v1/notifications', request),
    ];
    expect([second.text, second.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
    await follow(String(first.at('id')));
    expect(await listInbox('ana', 'repeated')).toHaveLength(1);
    expect(callbacksAbout('repeated')).toHaveLength(3);
  });

  it('that cannot be mapped is reported for everybody, and fails its job and its workflow at the end', async () => {
    const { id } = await tenant.ask<JobView>('POST /v1/notifications', aNotification('untitled', { titleI18n: {} }));
    const job = await follow(id);
    expect([job.state, job.error?.code]).toEqual(['failed', 'unable_to_map_custom_notification']);
    expect([job.counts?.delivered, job.counts?.pending, await listInbox('ana', 'untitled')]).toEqual([0, 0, []]);
    const callbacks = callbacksAbout('untitled').flatMap(({ body }) => body['receivers']);
    expect(callbacks).toContainEqual({ merchantId: 'bakery', userIds: ['ana'] });
    expect(await place.temporal.waitForEnd(id)).toBe('FAILED');
    const ending = (await place.temporal.history(id)).events?.at(-1)?.workflowExecutionFailedEventAttributes;
    expect(ending?.failure?.applicationFailureInfo?.type).toBe('unable_to_map_custom_notification');
  });

  it('whose integrator cannot be told fails, and run again tells it without storing anything twice', async () => {
    place.integrator.script('unreachable', [{ status: 503, times: 6 }]);
    const { id } = await tenant.ask<JobView>('POST /v1/notifications', aNotification('unreachable'));
    const failed = await follow(id);
    expect([failed.state, failed.error?.code]).toEqual(['failed', 'custom_notification_not_delivered']);
    const states = async () =>
      (await tenant.list<{ state: string; error: { code: string } | null }>(`/v1/jobs/${id}/deliveries`)).map(
        ({ state, error }) => [state, error?.code],
      );
    const undelivered = ['failed', 'custom_notification_errors_not_delivered'];
    expect(await states()).toEqual([undelivered, undelivered, undelivered]);
    expect(await listInbox('ana', 'unreachable')).toHaveLength(1);

    expect((await tenant.call(`POST /v1/jobs/${id}/retry`)).status).toBe(200);
    const again = await follow(id);
    expect([again.state, again.error, again.counts]).toEqual(['completed_with_errors', null, failed.counts]);
    // What failed stays on record; the failures are told anew.
    const told = ['delivered', undefined];
    expect(await states()).toEqual([undelivered, undelivered, undelivered, told, told, told]);
    expect(await listInbox('ana', 'unreachable')).toHaveLength(1);
  });

  it('for later is scheduled, and cancelled it reaches nobody', async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const job = await tenant.ask<JobView>('POST /v1/notifications', aNotification('later', { sendAt }));
    expect(job.state).toBe('scheduled');
    expect((await tenant.call(`POST /v1/jobs/${job.id}/cancel`)).at('result')).toBe('cancelled');
    expect((await follow(job.id)).state).toBe('cancelled');
    expect(await listInbox('ana', 'later')).toEqual([]);
  });
});
