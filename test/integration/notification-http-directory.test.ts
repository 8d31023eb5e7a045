import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createResolveUsers } from '../../src/activities/notification/resolve-users.ts';
import { createAskDirectory } from '../../src/activities/notification/ask-directory.ts';
import { createDirectoryClient } from '../../src/upstreams/directory/directory-client.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';
import { idleRuntime } from '../support/idle-runtime.ts';

let bench: NotificationFixture;
let directory: DirectoryStandIn;

beforeAll(async () => {
  [bench, directory] = await Promise.all([openNotificationFixture({ directoryTimeoutMs: 1_000 }), startDirectory()]);
  await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: 'directory-key' });
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});
beforeEach(() => {
  directory.asked.length = 0;
  directory.answer = (_merchantId, reply) => tellUsers(reply, [{ id: 'u1', language: 'en' }]);
});

async function outcomesOf(receivers: readonly { merchantId: string; userIds: string[] }[], more = {}) {
  const job = await bench.accept(receivers, more);
  await bench.run(job);
  const recipients = await bench.recipients(job);
  return {
    job,
    states: recipients.map(({ merchantId, userId, state, error }) => [merchantId, userId, state, error?.code ?? null]),
    errors: await bench.errors(job),
  };
}

/** One page's questions, about a user `u1` of each merchant, with time-outs of their own. */
function openAskDirectory(options: { readonly timeoutMs: number; readonly budgetMs: number }) {
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  const http = createGuardedHttp({ guard, connectionsPerOwner: 32 });
  const askDirectory = createAskDirectory({
    ...idleRuntime,
    directory: createDirectoryClient({ http, timeoutMs: options.timeoutMs }),
    nowMs: Date.now,
    random: () => 0.5,
    info: () => undefined,
    budgetMs: options.budgetMs,
  });
  return {
    ask: (merchantIds: readonly string[]) => {
      const users = merchantIds.map((merchantId) => ({ merchantId, userId: 'u1' }));
      const page = { tenantId: bench.tenantId, jobId: 'ntf_1', center: 'user' as const, users, withPush: false };
      return askDirectory({ kind: 'http', url: directory.url, apiKey: null }, page);
    },
    close: () => http.close(),
  };
}

describe('a directory over HTTP', () => {
  it('is asked once for each merchant of a batch, with its key, and the id in the path', async () => {
    const userIds = Array.from({ length: 25 }, (_, index) => `u${index}`);
    const merchants = ['a/b c', 'ünï', 'm3'];
    directory.answer = (_merchantId, reply) =>
      tellUsers(
        reply,
        userIds.map((id) => ({ id, language: 'es' })),
      );
    const job = await bench.accept(merchants.map((merchantId) => ({ merchantId, userIds })));
    await bench.run(job, 10);
    expect((await bench.look(job)).counts).toMatchObject({ recipients: 75, delivered: 75 });
    expect(directory.asked.map(({ path }) => path).toSorted()).toEqual([
      '/directory/merchants/%C3%BCn%C3%AF/active-users',
      '/directory/merchants/a%2Fb%20c/active-users',
      '/directory/merchants/m3/active-users',
    ]);
    expect(directory.asked.map(({ headers }) => headers['x-api-key'])).toEqual(Array(3).fill('directory-key'));
  });

  it('tells who is active, who is not, and where nobody is', async () => {
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'gone') reply.writeHead(404).end();
      else tellUsers(reply, merchantId === 'empty' ? [] : [{ id: 'u1' }, { no: 'id' }]);
    };
    const { states } = await outcomesOf([
      { merchantId: 'm1', userIds: ['u1', 'u2'] },
      { merchantId: 'empty', userIds: ['u1'] },
      { merchantId: 'gone', userIds: ['u1'] },
    ]);
    expect(states).toEqual([
      ['m1', 'u1', 'delivered', null],
      ['m1', 'u2', 'failed', 'no_active_user_for_merchant'],
      ['empty', 'u1', 'failed', 'no_active_users_for_merchant'],
      ['gone', 'u1', 'failed', 'no_active_users_for_merchant'],
    ]);
  });

  it('names the administrators by their role', async () => {
    directory.answer = (_merchantId, reply) => tellUsers(reply, [{ id: 'u1' }, { id: 'boss', roles: ['admin'] }]);
    const { states } = await outcomesOf([{ merchantId: 'm1', userIds: ['u1', 'boss'] }], {
      type: 'ADMIN_CENTER_NOTIFICATION',
    });
    expect(states.map(([, userId, state]) => [userId, state])).toEqual([
      ['u1', 'failed'],
      ['boss', 'delivered'],
    ]);
  });

  it.each([
    ['500', 3, 'HTTP status 500'],
    ['429', 3, 'HTTP status 429'],
    ['403', 1, 'HTTP status 403'],
    ['302', 1, 'HTTP status 302'],
  ])('that answers %s is asked %i times, and its merchant alone fails', async (status, tries, reason) => {
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'bad') reply.writeHead(Number(status), { location: '/elsewhere' }).end('{"users":[]}');
      else tellUsers(reply, [{ id: 'u1' }]);
    };
    const { states, errors } = await outcomesOf([
      { merchantId: 'bad', userIds: ['u1', 'u2'] },
      { merchantId: 'm1', userIds: ['u1'] },
    ]);
    const code = 'error_retrieving_active_users_for_merchant';
    expect(states.map(([, , state, error]) => [state, error])).toEqual([
      ['failed', code],
      ['failed', code],
      ['delivered', null],
    ]);
    expect(directory.countOf('bad')).toBe(tries);
    expect(errors).toMatchObject([{ description: 'Error retrieving active users for merchant bad.', userId: null }]);
    expect(errors[0]?.problem?.detail).toContain(reason);
  });

  it('that recovers between the tries has not failed, and one whose answer cannot be read has', async () => {
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'odd') reply.writeHead(200).end('<html>');
      else if (merchantId === 'cut' && directory.countOf(merchantId) < 2) {
        // It was taken for an answer without a list, and not asked again.
        reply.writeHead(200, { 'content-length': 100 }).write('{"users":[');
        setTimeout(() => reply.destroy(), 50);
      } else if (merchantId === 'cut') tellUsers(reply, [{ id: 'u1' }]);
      else if (directory.countOf(merchantId) < 3) reply.writeHead(503, { 'retry-after': '1' }).end();
      else tellUsers(reply, [{ id: 'u1' }]);
    };
    const { states } = await outcomesOf([
      { merchantId: 'late', userIds: ['u1'] },
      { merchantId: 'odd', userIds: ['u1'] },
      { merchantId: 'cut', userIds: ['u1'] },
    ]);
    const outcomes = Object.fromEntries(states.map(([merchantId, , state]) => [merchantId, state]));
    expect(outcomes).toEqual({ late: 'delivered', odd: 'failed', cut: 'delivered' });
    expect([directory.countOf('late'), directory.countOf('odd'), directory.countOf('cut')]).toEqual([3, 1, 2]);
  });

  it('with one merchant of fifty that hangs holds up nobody else, and the next page does not wait for it again', async () => {
    const done: string[] = [];
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'hangs') return;
      done.push(merchantId);
      tellUsers(reply, [{ id: 'u1' }, { id: 'u2' }]);
    };
    const others = Array.from({ length: 49 }, (_, index) => `m${index}`);
    const receivers = [
      ...['hangs', ...others].map((merchantId) => ({ merchantId, userIds: ['u1'] })),
      ...['hangs', ...others].map((merchantId) => ({ merchantId, userIds: ['u2'] })),
    ];
    const job = await bench.accept(receivers);
    await bench.run(job, 50);
    expect((await bench.look(job)).counts).toMatchObject({ delivered: 98, failed: 2, failedMerchants: 1 });
    expect(directory.countOf('hangs')).toBe(3);
    expect(done).toHaveLength(49);
    expect(directory.mostAtOnce()).toBeLessThanOrEqual(16);
  });

  it('with one merchant that answers only when all others are through gets to all of them', async () => {
    const others = Array.from({ length: 49 }, (_, index) => `m${index}`);
    const waiting: ServerResponse[] = [];
    let answered = 0;
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'last') waiting.push(reply);
      else tellUsers(reply, [{ id: 'u1' }]);
      if (merchantId !== 'last') answered += 1;
      if (answered === others.length) for (const each of waiting) tellUsers(each, [{ id: 'u1' }]);
    };
    const { ask, close } = openAskDirectory({ timeoutMs: 60_000, budgetMs: 60_000 });
    const answer = await ask(['last', ...others]);
    expect([answer.active.length, answer.unavailableMerchants.size]).toEqual([50, 0]);
    expect(directory.countOf('last')).toBe(1);
    await close();
  });

  it('that never answers costs a page its own time and no more', async () => {
    directory.answer = () => undefined;
    const { ask, close } = openAskDirectory({ timeoutMs: 60_000, budgetMs: 400 });
    const startMs = performance.now();
    const answer = await ask(Array.from({ length: 100 }, (_, index) => `m${index}`));
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect([answer.active, answer.unavailableMerchants.size]).toEqual([[], 100]);
    expect(directory.asked).toHaveLength(16);
    directory.hangUp();
    await close();
  });

  it('and our own tables tell languages and tokens where they are asked for', async () => {
    const resolveFrom = (withPush: boolean, center: 'user' | 'admin' = 'user') =>
      createResolveUsers({
        transactions: bench.stores.transactions,
        keyRing: bench.keyRing,
        askDirectory: () => Promise.reject(new Error('it is not asked')),
        sleep: async () => undefined,
      })({
        tenantId: bench.tenantId,
        jobId: 'ntf_1',
        center,
        users: [
          { merchantId: 'own', userId: 'u1' },
          { merchantId: 'own', userId: 'u2' },
        ],
        withPush,
      });
    await bench.useDirectory({ kind: 'postgres' });
    await bench.register('own', ['u1', 'u2'], { tokens: ['t1', 't2'] });
    const push = { enabled: true, tokens: ['t1', 't2'].map((token) => ({ token, registeredAt: expect.any(Date) })) };
    const who = (userId: string) => ({ merchantId: 'own', userId, language: 'en' });
    expect((await resolveFrom(true)).active).toEqual([
      { ...who('u1'), push },
      { ...who('u2'), push },
    ]);
    expect((await resolveFrom(false)).active.map((user) => user.push)).toEqual([null, null]);
    await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: 'directory-key' });
  });
});
