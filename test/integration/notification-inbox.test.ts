import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
});
afterAll(() => app.close());

describe("a user's inbox", () => {
  const inbox = '/v1/centers/user/merchants/m1/users/boss';

  it('shows the newest first, in the language asked for, and counts what is unread', async () => {
    const receivers = [{ merchantId: 'm1', userIds: ['boss'] }];
    await deliverNotification(app, { receivers, externalId: 'first' });
    await deliverNotification(app, { receivers, externalId: 'second' });
    const list = await app.call(`GET ${inbox}/notifications?lang=es-ES`);
    expect(list.body).toMatchObject({
      data: [
        {
          id: expect.stringMatching(/^nfn_/),
          type: 'USER_CENTER_NOTIFICATION',
          title: 'Factura pendiente',
          message: 'Please pay',
          language: 'es',
          data: { invoice: 'i-1' },
          externalId: 'second',
          externalType: 'INVOICE_DUE',
          read: false,
          readAt: null,
        },
        { externalId: 'first' },
      ],
    });
    expect((await app.call(`GET ${inbox}/unread-count`)).body).toEqual({ unread: 2 });

    const read = await app.call(`PATCH ${inbox}/notifications/${String(list.at('data.1.id'))}`, {
      body: { read: true },
    });
    expect(read.body).toMatchObject({ externalId: 'first', read: true, title: 'Invoice due' });
    const unread = await app.call(`GET ${inbox}/notifications?unread=true`);
    expect(unread.at('data.0.externalId')).toBe('second');
    expect(unread.at('data.1')).toBeUndefined();

    expect((await app.call(`POST ${inbox}/read-all`)).body).toEqual({ unread: 0, updated: 1 });
    expect((await app.call(`GET ${inbox}/unread-count`)).body).toEqual({ unread: 0 });
    const unreadAgain = await app.call(`PATCH ${inbox}/notifications/${String(list.at('data.1.id'))}`, {
      body: { read: false },
    });
    expect(unreadAgain.body).toMatchObject({ read: false, readAt: null });
  });

  it("speaks the user's own language where none is asked for", async () => {
    await deliverNotification(app);
    const list = await app.call('GET /v1/centers/user/merchants/m1/users/u1/notifications');
    expect(list.at('data.0.title')).toBe('Factura pendiente');
  });

  it('of administrators is for those who are', async () => {
    const admin = '/v1/centers/admin/merchants/m1/users/boss';
    await deliverNotification(app, {
      type: 'ADMIN_CENTER_NOTIFICATION',
      receivers: [{ merchantId: 'm1', userIds: ['boss'] }],
    });
    const list = await app.call(`GET ${admin}/notifications`);
    expect(list.at('data.0.type')).toBe('ADMIN_CENTER_NOTIFICATION');
    await app.call('PUT /v1/directory/merchants/m1/users/boss', {
      body: { active: true, roles: ['user'], language: 'en' },
    });
    expect((await app.call(`GET ${admin}/notifications`)).at('data.0')).toBeUndefined();
    expect((await app.call(`GET ${admin}/unread-count`)).body).toEqual({ unread: 0 });
    const patched = await app.call(`PATCH ${admin}/notifications/${String(list.at('data.0.id'))}`, {
      body: { read: true },
    });
    expect(refusalOf(patched).slice(0, 2)).toEqual([404, 'not_found']);
  });

  it('that nobody wrote to is empty, and holds nothing of anybody else', async () => {
    const list = await app.call('GET /v1/centers/user/merchants/m1/users/nobody/notifications');
    expect(list.body).toEqual({ data: [], nextCursor: null });
    const { key } = await app.makeTenant();
    expect((await app.call(`GET ${inbox}/notifications`, { key })).body).toEqual({ data: [], nextCursor: null });
  });
});
