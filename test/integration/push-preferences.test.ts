import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';

let bench: PushFixture;
beforeAll(async () => {
  bench = await openPushFixture();
});
afterAll(() => bench.close());
beforeEach(() => bench.push.clear());

const page = (job: Job) =>
  bench.activities.processPage({ tenantId: bench.tenantId, jobId: job.id, fromOrdinal: 0, size: 1_000 });
const outcomes = async (job: Job) =>
  (await bench.recipients(job)).map(({ userId, state, error }) => [userId, state, error?.code ?? null]);

async function notifyAndOpen(userIds: readonly string[]): Promise<Job> {
  const job = await bench.notify(userIds);
  await bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
  return job;
}

/** A first try that the push service does not take, and the wait until the next. */
async function tryInVain(userId: string, token: string): Promise<Job> {
  bench.push.script(token, [pushError(503, 'UNAVAILABLE')]);
  const job = await notifyAndOpen([userId]);
  const { waitMs = 0 } = await page(job);
  expect([bench.sendsTo(token), waitMs > 0]).toEqual([1, true]);
  bench.pass(waitMs);
  return job;
}

describe('what a user of our own directory chose', () => {
  it('between acceptance and send is kept: off is off, and a token taken away gets nothing', async () => {
    for (const userId of ['off', 'bare', 'left']) await bench.device(userId, [`of-${userId}`]);
    const job = await notifyAndOpen(['off', 'bare', 'left']);
    await bench.device('off', ['of-off'], { enabled: false });
    await bench.device('bare', []);
    await bench.device('left', ['of-left'], { active: false });
    await page(job);
    expect(await outcomes(job)).toEqual([
      ['off', 'failed', 'push_notifications_disabled'],
      ['bare', 'failed', 'push_notifications_disabled'],
      ['left', 'failed', 'no_active_user_for_merchant'],
    ]);
    expect(bench.push.requests.total).toBe(0);
  });

  it('while others of the same page are pushed to is kept, too', async () => {
    // More than are opened at once: the preferences of the rest are read later.
    const users = Array.from({ length: 600 }, (_user, index) => `slow-${index}`);
    for (const user of users) await bench.device(user, [`${user}-token`]);
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, delayMs: 300 });
    const job = await notifyAndOpen(users);
    const running = page(job);
    await expect.poll(() => bench.push.requests.total).toBeGreaterThan(0);
    await bench.device('slow-598', ['slow-598-token'], { enabled: false });
    await bench.device('slow-599', []);
    await running;
    const failed = (await outcomes(job)).filter(([, state]) => state !== 'delivered');
    expect(failed).toEqual([
      ['slow-598', 'failed', 'push_notifications_disabled'],
      ['slow-599', 'failed', 'push_notifications_disabled'],
    ]);
    expect(['slow-597-token', 'slow-598-token', 'slow-599-token'].map((token) => bench.sendsTo(token))).toEqual([
      1, 0, 0,
    ]);
  });

  it.each<[string, () => Promise<void>, string]>([
    ['off', () => bench.device('ana', ['of-ana'], { enabled: false }), 'push_notifications_disabled'],
    ['no device any more', () => bench.device('ana', []), 'push_notifications_disabled'],
    ['gone', () => bench.device('ana', ['of-ana'], { active: false }), 'no_active_user_for_merchant'],
  ])('while another try is waited for is kept: %s', async (_case, choose, code) => {
    await bench.device('ana', ['of-ana']);
    const job = await tryInVain('ana', 'of-ana');
    await choose();
    await page(job);
    expect(await outcomes(job)).toEqual([['ana', 'failed', code]]);
    expect(bench.sendsTo('of-ana')).toBe(1);
  });

  it('while another try is waited for is kept: a new device instead of the old', async () => {
    await bench.device('ana', ['old-phone']);
    const job = await tryInVain('ana', 'old-phone');
    await bench.device('ana', ['new-phone']);
    await page(job);
    expect(await outcomes(job)).toEqual([['ana', 'delivered', null]]);
    expect([bench.sendsTo('old-phone'), bench.sendsTo('new-phone')]).toEqual([1, 1]);
  });

  it('is no refusal of the push service, which stays one though its token was removed', async () => {
    await bench.device('ana', ['dead', 'busy']);
    bench.push.script('dead', [pushError(404, 'UNREGISTERED')]);
    bench.pass(1_000);
    const job = await tryInVain('ana', 'busy');
    expect(await bench.tokensOf('ana')).toEqual(['busy']);
    await bench.device('ana', []);
    await page(job);
    const [error] = await bench.errors(job);
    expect([error?.code, error?.description]).toEqual([
      'custom_notification_not_delivered',
      expect.stringContaining('push was refused on the only token (fcm_UNREGISTERED)'),
    ]);
  });

  it('while the channel is paused is kept', async () => {
    await bench.device('ana', ['of-ana']);
    bench.push.script('of-ana', [pushError(401, 'UNAUTHENTICATED')]);
    const job = await notifyAndOpen(['ana']);
    await page(job);
    await bench.device('ana', ['of-ana'], { enabled: false });
    await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
    await page(job);
    expect(await outcomes(job)).toEqual([['ana', 'failed', 'push_notifications_disabled']]);
    expect(bench.sendsTo('of-ana')).toBe(1);
  });
});

describe('what a user of a directory over HTTP chose', () => {
  let directory: DirectoryStandIn;
  let users: readonly object[];
  beforeAll(async () => {
    directory = await startDirectory();
    await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: null });
  });
  afterAll(async () => {
    await directory.close();
    await bench.useDirectory({ kind: 'postgres' });
  });
  beforeEach(() => {
    users = [ana(true, ['of-ana'])];
    directory.asked.length = 0;
    directory.answer = (_merchantId, reply) => tellUsers(reply, users);
  });
  const ana = (enabled: boolean, tokens: readonly string[]) => ({
    id: 'ana',
    language: 'en',
    push: { enabled, tokens: tokens.map((token) => ({ token })) },
  });

  it('between acceptance and send is kept', async () => {
    const job = await notifyAndOpen(['ana']);
    users = [ana(false, ['of-ana'])];
    await page(job);
    expect(await outcomes(job)).toEqual([['ana', 'failed', 'push_notifications_disabled']]);
    expect(bench.push.requests.total).toBe(0);
  });

  it.each([
    ['off', () => [ana(false, ['of-ana'])], 'push_notifications_disabled', 1],
    ['no device any more', () => [ana(true, [])], 'push_notifications_disabled', 1],
    ['gone', () => [{ id: 'ben', language: 'en' }], 'no_active_user_for_merchant', 1],
    ['another device', () => [ana(true, ['new-phone'])], null, 1],
  ])('while another try is waited for is kept: %s', async (_case, choose, code, sends) => {
    const job = await tryInVain('ana', 'of-ana');
    users = choose();
    await page(job);
    expect(await outcomes(job)).toEqual([['ana', code === null ? 'delivered' : 'failed', code]]);
    expect(bench.sendsTo('of-ana')).toBe(sends);
  });

  it('is asked for anew in the middle of a page that takes long', async () => {
    const named = (enabled: boolean) =>
      Array.from({ length: 300 }, (_user, index) => ({ ...ana(enabled, [`long-${index}`]), id: `long-${index}` }));
    users = named(true);
    const job = await notifyAndOpen(Array.from({ length: 300 }, (_user, index) => `long-${index}`));
    bench.afterPush = () => {
      bench.afterPush = () => undefined;
      bench.pass(11_000);
    };
    const first = await page(job);
    expect([first.isCancelled, first.waitMs]).toEqual([false, 0]);
    const pushedTo = bench.push.requests.total;
    users = named(false);
    await page(job);
    const states = (await outcomes(job)).map(([, state, code]) => [state, code]);
    expect([pushedTo > 0 && pushedTo < 300, bench.push.requests.total]).toEqual([true, pushedTo]);
    expect(states.filter(([state]) => state === 'delivered')).toHaveLength(pushedTo);
    expect(states.filter(([, code]) => code === 'push_notifications_disabled')).toHaveLength(300 - pushedTo);
  });

  it('is asked for once for all pages that follow each other at once', async () => {
    users = Array.from({ length: 30 }, (_user, index) => ({ ...ana(true, [`many-${index}`]), id: `many-${index}` }));
    const job = await bench.notify(users.map((_user, index) => `many-${index}`));
    await bench.run(job, 10);
    expect((await bench.look(job)).counts).toMatchObject({ delivered: 30 });
    expect(directory.countOf('m1')).toBe(1);
  });
});
