import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setUpReceivers } from '../support/delivered-notification.ts';
import { createInboxReaders, type InboxReaders, itemsOf } from '../support/inbox-readers.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
let inbox: InboxReaders;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
  inbox = createInboxReaders(app);
});
afterAll(() => app.close());

describe("what stands in another's inbox", () => {
  it('is not found from one that it is not in', async () => {
    const [userId, other] = [await inbox.aReader(), await inbox.aReader()];
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId);
    const { key } = await app.makeTenant();
    const elsewhere: [string, string?][] = [
      [inbox.place(other)],
      [inbox.place(userId, 'admin')],
      [inbox.place(userId).replace('/m1/', '/m2/')],
      [inbox.place(userId), key],
    ];
    for (const [path, otherKey] of elsewhere) {
      const answer = await app.call(`PATCH ${path}/notifications/${item?.id}`, {
        body: { read: true },
        ...(otherKey !== undefined && { key: otherKey }),
      });
      expect([path, ...refusalOf(answer).slice(0, 2)]).toEqual([path, 404, 'not_found']);
    }
    expect((await inbox.mark(userId, 'nfn_nonsense', true)).status).toBe(404);
    expect(await inbox.unreadOf(userId)).toBe(1);
  });
});

describe("the administrators' centre", () => {
  const asUser = { active: true, roles: ['user'], language: 'en' };

  it('is closed while the role is taken away, and as it was when it comes back', async () => {
    const userId = await inbox.aReader();
    await inbox.deliverTo(userId, { type: 'ADMIN_CENTER_NOTIFICATION' });
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId, '', 'admin');
    await app.call(`PUT /v1/directory/merchants/m1/users/${userId}`, { body: asUser });
    expect([await inbox.list(userId, '', 'admin'), await inbox.unreadOf(userId, 'admin')]).toEqual([[], 0]);
    expect((await inbox.mark(userId, item?.id, true, 'admin')).status).toBe(404);
    expect((await app.call(`POST ${inbox.place(userId, 'admin')}/read-all`)).at('updated')).toBe(0);
    // The user centre asks for no role.
    expect([(await inbox.list(userId)).length, await inbox.unreadOf(userId)]).toEqual([1, 1]);
    await app.call(`PUT /v1/directory/merchants/m1/users/${userId}`, { body: { ...asUser, roles: ['admin'] } });
    expect((await inbox.list(userId, '', 'admin')).map(({ id, readAt }) => [id, readAt])).toEqual([[item?.id, null]]);
  });

  it('takes nothing for a user without the role, who is reported', async () => {
    const userId = await inbox.aReader({ roles: ['user'] });
    const jobId = await inbox.deliverTo(userId, { type: 'ADMIN_CENTER_NOTIFICATION' });
    const errors = await app.call(`GET /v1/jobs/${jobId}/errors`);
    expect((errors.at('data') as { code: string }[]).map(({ code }) => code)).toEqual(['no_active_user_for_merchant']);
  });
});

describe('paging an inbox', () => {
  it('shows each once, also when others come in meanwhile and some are read', async () => {
    const userId = await inbox.aReader();
    const names = Array.from({ length: 7 }, (_item, index) => `n${index}`);
    for (const externalId of names) await inbox.deliverTo(userId, { externalId });
    const seen: string[] = [];
    let cursor: unknown = '';
    for (let pages = 0; typeof cursor === 'string'; pages += 1) {
      const query: string = `?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page = await app.call(`GET ${inbox.place(userId)}/notifications${query}`);
      seen.push(...itemsOf(page).map(({ externalId }) => externalId));
      cursor = page.at('nextCursor');
      if (pages > 10) throw new Error('it does not end');
      await inbox.deliverTo(userId, { externalId: 'late' });
      await inbox.mark(userId, itemsOf(page)[0]?.id, true);
    }
    expect(seen).toEqual(names.toReversed());
  });

  it.each([
    ['a cursor that is none', '?cursor=abc', 400, 'invalid_cursor', '/query/cursor'],
    [
      'a cursor of another list',
      `?cursor=${Buffer.from('7').toString('base64url')}`,
      400,
      'invalid_cursor',
      '/query/cursor',
    ],
    ['a limit of 0', '?limit=0', 422, 'invalid_request', '/query/limit'],
    ['a limit of 201', '?limit=201', 422, 'invalid_request', '/query/limit'],
    ['unread that is neither', '?unread=1', 422, 'invalid_request', '/query/unread'],
    ['two languages', '?lang=en&lang=es', 422, 'invalid_request', '/query/lang'],
  ])('is refused with %s', async (_case, query, status, code, pointer) => {
    expect(refusalOf(await app.call(`GET ${inbox.place('boss')}/notifications${query}`))).toEqual([
      status,
      code,
      pointer,
    ]);
  });

  it('knows two centres', async () => {
    for (const route of ['GET /notifications', 'GET /unread-count', 'POST /read-all', 'PATCH /notifications/nfn_1']) {
      const [method, end] = route.split(' ');
      const body = method === 'PATCH' ? { read: true } : undefined;
      const answer = await app.call(`${method} ${inbox.place('boss', 'staff')}${end}`, { body });
      expect([route, ...refusalOf(answer)]).toEqual([route, 422, 'invalid_request', '/path/center']);
    }
  });
});

describe('a key for inboxes', () => {
  const keyWith = async (...scopes: string[]) =>
    String((await app.call('POST /v1/api-keys', { body: { name: 'narrow', scopes } })).at('apiKey'));

  it('reads with inbox:read and marks with inbox:write, and no other way round', async () => {
    const userId = await inbox.aReader();
    await inbox.deliverTo(userId);
    const [item] = await inbox.list(userId);
    const reads = ['GET /notifications', 'GET /unread-count'];
    const writes = [`PATCH /notifications/${item?.id}`, 'POST /read-all'];
    const statuses = async (routes: readonly string[], key: string) => {
      const answers: number[] = [];
      for (const route of routes) {
        const [method, end] = route.split(' ');
        const body = method === 'PATCH' ? { read: true } : undefined;
        answers.push((await app.call(`${method} ${inbox.place(userId)}${end}`, { body, key })).status);
      }
      return answers;
    };
    const [reader, writer, neither] = [
      await keyWith('inbox:read'),
      await keyWith('inbox:write'),
      await keyWith('jobs:read'),
    ];
    expect([await statuses(reads, reader), await statuses(writes, reader)]).toEqual([
      [200, 200],
      [403, 403],
    ]);
    expect([await statuses(reads, writer), await statuses(writes, writer)]).toEqual([
      [403, 403],
      [200, 200],
    ]);
    expect(await statuses([...reads, ...writes], neither)).toEqual([403, 403, 403, 403]);
  });
});
