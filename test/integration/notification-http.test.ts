import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aNotification, deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
});
afterAll(() => app.close());

const notification = aNotification();

describe('POST /v1/notifications', () => {
  it('answers 202 with the job and where to find it', async () => {
    const answer = await app.call('POST /v1/notifications', { body: notification });
    expect(answer.status).toBe(202);
    expect(answer.headers['location']).toBe(`/v1/jobs/${String(answer.at('id'))}`);
    expect(answer.body).toMatchObject({
      kind: 'notification',
      state: 'queued',
      integration: 'erp',
      externalId: 'inv-2031',
      counts: { receivers: 1, recipients: 2, delivered: 0, failed: 0, pending: 2, failedMerchants: 0 },
    });
    expect(String(answer.at('id'))).toMatch(/^ntf_/);
  });

  it('gives the same answer to the same Idempotency-Key', async () => {
    const options = { body: notification, headers: { 'idempotency-key': 'once' } };
    const first = await app.call('POST /v1/notifications', options);
    const second = await app.call('POST /v1/notifications', options);
    expect(second.text).toBe(first.text);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it.each([
    ['no receivers', { receivers: [] }],
    ['receivers left out', { receivers: undefined }],
    ['a merchant without users', { receivers: [{ merchantId: 'm1' }] }],
    ['no title', { titleI18n: undefined }],
    ['an empty message', { messageI18n: {} }],
    ['no data', { data: null }],
  ])('accepts %s, which is reported later', async (_case, changes) => {
    expect((await app.call('POST /v1/notifications', { body: { ...notification, ...changes } })).status).toBe(202);
  });

  it.each([
    ['an unknown type', { type: 'LETTER' }, '/type'],
    ['an unknown integration', { integration: 'nobody' }, '/integration'],
    ['an unknown member', { colour: 'red' }, '/colour'],
    ['a receiver without a merchant', { receivers: [{ userIds: ['u1'] }] }, '/receivers/0/merchantId'],
    ['an empty user id', { receivers: [{ merchantId: 'm', userIds: [''] }] }, '/receivers/0/userIds/0'],
    ['a user id with a line break', { receivers: [{ merchantId: 'm', userIds: ['a\nb'] }] }, '/receivers/0/userIds/0'],
    ['a title that is no map', { titleI18n: 'Hello' }, '/titleI18n'],
    ['a title that is no text', { titleI18n: { en: 1 } }, '/titleI18n/en'],
    ['data that is a list', { data: [1] }, '/data'],
    [
      'an end before its beginning',
      { sendAt: '2999-01-02T00:00:00Z', expiresAt: '2999-01-01T00:00:00Z' },
      '/expiresAt',
    ],
  ])('refuses %s', async (_case, changes, pointer) => {
    const answer = await app.call('POST /v1/notifications', { body: { ...notification, ...changes } });
    expect(refusalOf(answer)).toEqual([422, 'invalid_request', pointer]);
  });

  it('takes 100,000 recipients and not one more', async () => {
    const userIds = Array.from({ length: 100_000 }, (_, index) => `u${index}`);
    const accept = (ids: readonly string[]) =>
      app.call('POST /v1/notifications', {
        body: { ...notification, receivers: [{ merchantId: 'm1', userIds: ids }] },
      });
    expect((await accept(userIds)).status).toBe(202);
    expect(refusalOf(await accept([...userIds, 'more'])).slice(0, 2)).toEqual([413, 'payload_too_large']);
  });

  it('refuses content that every callback would have to repeat by the hundred kilobyte', async () => {
    const answer = await app.call('POST /v1/notifications', {
      body: { ...notification, data: { text: 'x'.repeat(300_000) } },
    });
    expect(answer.status).toBe(413);
  });
});

describe('what became of a notification', () => {
  it('is told for each recipient, error and delivery', async () => {
    const id = await deliverNotification(app);
    const recipients = await app.call(`GET /v1/jobs/${id}/recipients`);
    expect(recipients.body).toMatchObject({
      data: [
        { merchantId: 'm1', userId: 'u1', state: 'delivered', error: null, possibleDuplicate: false },
        {
          merchantId: 'm1',
          userId: 'nobody',
          state: 'failed',
          error: { code: 'no_active_user_for_merchant' },
          notificationId: null,
        },
      ],
      nextCursor: null,
    });
    const failed = await app.call(`GET /v1/jobs/${id}/recipients?state=failed&merchantId=m1`);
    expect(failed.at('data.0.userId')).toBe('nobody');
    const errors = await app.call(`GET /v1/jobs/${id}/errors`);
    const problem = recipients.at('data.1.error');
    expect(errors.body).toEqual({
      data: [
        {
          merchantId: 'm1',
          userId: 'nobody',
          code: 'no_active_user_for_merchant',
          description: 'The user nobody is not active for merchant m1.',
          status: 404,
          problem,
        },
      ],
      nextCursor: null,
    });
    const deliveries = await app.call(`GET /v1/jobs/${id}/deliveries`);
    expect(deliveries.body).toMatchObject({
      data: [
        {
          kind: 'error_callback',
          jobId: id,
          state: 'delivered',
          url: 'https://erp.example.com/hub/notifications/errors',
        },
      ],
    });
    const one = await app.call(`GET /v1/deliveries/${String(deliveries.at('data.0.id'))}`);
    expect(one.body).toEqual(deliveries.at('data.0'));
  });

  it('is paged by cursor without losing anybody', async () => {
    const id = await deliverNotification(app, {
      receivers: [{ merchantId: 'm1', userIds: ['u1', 'x1', 'x2', 'x1', 'x3'] }],
    });
    const seen: unknown[] = [];
    for (let next: unknown = ''; typeof next === 'string';) {
      const page = await app.call(`GET /v1/jobs/${id}/recipients?limit=1${next === '' ? '' : `&cursor=${next}`}`);
      seen.push(page.at('data.0.userId'));
      next = page.at('nextCursor');
    }
    expect(seen).toEqual(['u1', 'x1', 'x2', 'x3']);
  });

  it('is not told to another tenant', async () => {
    const id = await deliverNotification(app);
    const { key } = await app.makeTenant();
    for (const list of ['recipients', 'errors', 'deliveries']) {
      expect((await app.call(`GET /v1/jobs/${id}/${list}`, { key })).status).toBe(404);
    }
  });
});
