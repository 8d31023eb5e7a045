import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import type { DirectoryClient } from '../../src/upstreams/directory/directory-client.ts';
import { type DirectorySource, saveDirectorySource } from '../../src/store/tenants.ts';
import { createInboxReaders, type InboxReaders } from '../support/inbox-readers.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
let inbox: InboxReaders;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
  inbox = createInboxReaders(app);
});
afterAll(() => app.close());

describe('the language of an inbox', () => {
  const texts = {
    titleI18n: { fr: 'Facture', en: 'Invoice', es: 'Factura', 'pt-BR': 'Fatura' },
    messageI18n: { fr: 'Payez', 'en-GB': 'Please pay' },
  };

  it.each([
    ['the one asked for', 'en', '?lang=es', ['Factura', 'Payez', 'es']],
    ['the base of the one asked for', 'en', '?lang=es-MX', ['Factura', 'Payez', 'es']],
    ['the one asked for, in any case', 'en', '?lang=PT-br', ['Fatura', 'Payez', 'pt-BR']],
    ["the tenant's default where the one asked for is unknown", 'es', '?lang=de', ['Invoice', 'Payez', 'en']],
    ["the tenant's default where what is asked for is none", 'es', '?lang=no-language', ['Invoice', 'Payez', 'en']],
    ["the user's where none is asked for", 'es-ES', '', ['Factura', 'Payez', 'es']],
    ["the tenant's default where the user's is unknown", 'de', '', ['Invoice', 'Payez', 'en']],
    ["the tenant's default where the user's is none", 'english', '', ['Invoice', 'Payez', 'en']],
    ['each text by itself', 'en-GB', '', ['Invoice', 'Please pay', 'en']],
  ])('is %s', async (_case, language, query, told) => {
    const userId = await inbox.aReader({ language });
    await inbox.deliverTo(userId, texts);
    const [item] = await inbox.list(userId, query);
    expect([item?.title, item?.message, item?.language]).toEqual(told);
  });

  it("is the map's first where even the default is not there", async () => {
    const userId = await inbox.aReader({ language: 'de' });
    await inbox.deliverTo(userId, { titleI18n: { fr: 'Facture', it: 'Fattura' }, messageI18n: { it: 'Paga' } });
    expect((await inbox.list(userId))[0]).toMatchObject({ title: 'Facture', message: 'Paga', language: 'fr' });
  });

  it('follows the user who changes it, and is told with one that is marked', async () => {
    const userId = await inbox.aReader({ language: 'es' });
    await inbox.deliverTo(userId, texts);
    const [before] = await inbox.list(userId);
    await app.call(`PUT /v1/directory/merchants/m1/users/${userId}`, { body: { active: true, language: 'fr' } });
    expect([before?.title, (await inbox.list(userId))[0]?.title]).toEqual(['Factura', 'Facture']);
    expect((await inbox.mark(userId, before?.id, true)).at('title')).toBe('Facture');
    const path = `PATCH ${inbox.place(userId)}/notifications/${before?.id}?lang=pt-BR`;
    expect((await app.call(path, { body: { read: true } })).at('title')).toBe('Fatura');
  });
});

describe('the language of an inbox whose users are in a directory over HTTP', () => {
  const useDirectory = (source: DirectorySource) =>
    app.database.transactions.withTenant(app.tenantId, (tx) =>
      saveDirectorySource(tx, app.tenantId, source, app.dependencies.keyRing),
    );
  afterAll(() => useDirectory({ kind: 'postgres' }));

  const titleI18n = { en: 'Invoice', es: 'Factura', fr: 'Facture' };
  const toldBy = (id: string, language: string | null): DirectoryClient => ({
    listActiveUsers: async () => {
      const user = { id, language, isAdmin: true, push: { enabled: false, tokens: [] } };
      return { kind: 'known', users: [user], dropped: 0, bytes: 1 };
    },
  });

  it.each([
    ['told when it was saved', 'es-MX', '', 'Factura'],
    ['asked for, rather', 'es-MX', '?lang=fr', 'Facture'],
    ["the tenant's default where none was told", null, '', 'Invoice'],
    ["the tenant's default where what was told is none", 'spanish', '', 'Invoice'],
  ])('is the one %s', async (_case, language, query, title) => {
    // Our own tables may still know the user from before: they do not count any more.
    const userId = await inbox.aReader({ language: 'fr' });
    await useDirectory({ kind: 'http', url: 'https://directory.example.com', apiKey: null });
    const receivers = [{ merchantId: 'm1', userIds: [userId] }];
    for (const type of ['USER_CENTER_NOTIFICATION', 'ADMIN_CENTER_NOTIFICATION']) {
      await deliverNotification(app, { receivers, titleI18n, type }, toldBy(userId, language));
    }
    const titles = [await inbox.list(userId, query), await inbox.list(userId, query, 'admin')].flat();
    expect(titles.map((item) => item.title)).toEqual([title, title]);
    const marked = await inbox.mark(userId, titles[0]?.id, true);
    expect(marked.at('title')).toBe(query === '' ? title : 'Factura');
  });
});

describe('reading', () => {
  it('keeps the time of the first reading, however often it is told', async () => {
    const userId = await inbox.aReader();
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId);
    const first = await inbox.mark(userId, item?.id, true);
    const again = await inbox.mark(userId, item?.id, true);
    expect([first.at('read'), first.at('readAt')]).toEqual([true, expect.stringMatching(/Z$/)]);
    expect(again.body).toEqual(first.body);
    await app.call(`POST ${inbox.place(userId)}/read-all`);
    expect((await inbox.list(userId))[0]?.readAt).toBe(first.at('readAt'));
  });

  it('can be undone, twice as well', async () => {
    const userId = await inbox.aReader();
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId);
    await inbox.mark(userId, item?.id, true);
    for (let time = 0; time < 2; time += 1) {
      expect((await inbox.mark(userId, item?.id, false)).body).toMatchObject({ read: false, readAt: null });
    }
    expect(await inbox.unreadOf(userId)).toBe(1);
  });

  it('narrows the list to what is unread, or to what is read', async () => {
    const userId = await inbox.aReader();
    for (const externalId of ['one', 'two', 'three']) await inbox.deliverTo(userId, { externalId });
    const all = await inbox.list(userId);
    await inbox.mark(userId, all[1]?.id, true);
    const names = async (query: string) => (await inbox.list(userId, query)).map(({ externalId }) => externalId);
    expect(await names('')).toEqual(['three', 'two', 'one']);
    expect(await names('?unread=true')).toEqual(['three', 'one']);
    expect(await names('?unread=false')).toEqual(['two']);
    expect(await inbox.unreadOf(userId)).toBe(2);
  });

  it('of all leaves nothing unread, marks nobody else’s, and does nothing the second time', async () => {
    const [userId, other] = [await inbox.aReader(), await inbox.aReader()];
    const receivers = [{ merchantId: 'm1', userIds: [userId, other] }];
    await deliverNotification(app, { receivers });
    await deliverNotification(app, { receivers });
    await deliverNotification(app, { receivers, type: 'ADMIN_CENTER_NOTIFICATION' });
    expect((await app.call(`POST ${inbox.place(userId)}/read-all`)).body).toEqual({ unread: 0, updated: 2 });
    expect((await app.call(`POST ${inbox.place(userId)}/read-all`)).body).toEqual({ unread: 0, updated: 0 });
    expect([await inbox.unreadOf(userId), await inbox.unreadOf(userId, 'admin'), await inbox.unreadOf(other)]).toEqual([
      0, 1, 2,
    ]);
  });

  it.each([
    ['no body', undefined],
    ['a list', []],
    ['nothing', {}],
    ['a text', { read: 'true' }],
    ['null', { read: null }],
    ['more', { read: true, readAt: '2020-01-01T00:00:00Z' }],
  ])('is refused with %s', async (_case, body) => {
    const userId = await inbox.aReader();
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId);
    const answer = await app.call(`PATCH ${inbox.place(userId)}/notifications/${item?.id}`, { body });
    expect(refusalOf(answer).slice(0, 2)).toEqual([422, 'invalid_request']);
    expect(await inbox.unreadOf(userId)).toBe(1);
  });
});
