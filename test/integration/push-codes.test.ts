import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import { saveTargetScreens } from '../../src/store/tenants.ts';
import { accessToken, openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
beforeAll(async () => {
  bench = await openPushFixture();
});
beforeEach(() => bench.push.clear());
afterAll(() => bench.close());

const outcomes = async (job: Parameters<PushFixture['recipients']>[0]) =>
  (await bench.recipients(job)).map(({ userId, state, error }) => [userId, state, error?.code ?? null]);

describe('a push notification', () => {
  it('goes to every device of every user, in the language of each, with its data as texts', async () => {
    await bench.device('ana', ['ana-1', 'ana-2'], { language: 'es-MX' });
    await bench.device('ben', ['ben-1'], { language: 'fr' });
    const job = await bench.notify(['ana', 'ben'], {
      titleI18n: { en: 'Due', es: 'Vence' },
      messageI18n: { en: 'Pay', es: 'Paga' },
      data: { invoice: 'i-1', amount: 12, urgent: true, note: null },
    });
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 2, failed: 0 });
    const data = { invoice: 'i-1', amount: '12', urgent: 'true' };
    expect(bench.push.requests.list().map(({ message, projectId }) => [projectId, message])).toEqual(
      expect.arrayContaining([
        ['shop', { token: 'ana-1', notification: { title: 'Vence', body: 'Paga' }, data }],
        ['shop', { token: 'ana-2', notification: { title: 'Vence', body: 'Paga' }, data }],
        ['shop', { token: 'ben-1', notification: { title: 'Due', body: 'Pay' }, data }],
      ]),
    );
    expect(await outcomes(job)).toEqual([
      ['ana', 'delivered', null],
      ['ben', 'delivered', null],
    ]);
    expect((await bench.look(job)).attempts).toBe(3);
    const attempts = await bench.attempts(job);
    expect(
      attempts.map(({ number, recipient, outcome, httpStatus }) => [number, recipient, outcome, httpStatus]),
    ).toEqual([
      [1, 'm1/ana', 'accepted', 200],
      [2, 'm1/ana', 'accepted', 200],
      [3, 'm1/ben', 'accepted', 200],
    ]);
    expect(JSON.stringify(attempts)).not.toMatch(/ana-1|a-push-access-token/);
  });

  it('tells each user apart who cannot be pushed to', async () => {
    await bench.device('well', ['well-1']);
    await bench.device('off', ['off-1'], { enabled: false });
    await bench.device('bare', []);
    await bench.device('odd', ['odd-1'], { language: 'english' });
    await bench.device('gone', ['gone-1'], { active: false });
    const job = await bench.notify(['well', 'off', 'bare', 'odd', 'gone', 'nobody']);
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 5 });
    expect(await outcomes(job)).toEqual([
      ['well', 'delivered', null],
      ['off', 'failed', 'push_notifications_disabled'],
      ['bare', 'failed', 'push_notifications_disabled'],
      ['odd', 'failed', 'invalid_user_language_configured'],
      ['gone', 'failed', 'no_active_user_for_merchant'],
      ['nobody', 'failed', 'no_active_user_for_merchant'],
    ]);
    const told = bench.integrator.received.flatMap(({ body }) => (body.requestId === job.id ? body.errors : []));
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ description: 'Push notifications disabled for user off.', status: '403 FORBIDDEN' }),
        expect.objectContaining({
          description: 'The user odd has an invalid language configured.',
          status: '404 NOT_FOUND',
        }),
      ]),
    );
    expect(bench.push.requests.list()).toHaveLength(1);
  });

  it.each([
    ['a nested member', { data: { card: { id: 'c-1' } } }],
    ['too many bytes', { data: { long: 'x'.repeat(4_096) } }],
    ['a parameter of its screen missing', { data: { targetScreen: 'CARD_DETAILS' } }],
    ['texts that leave no room', { messageI18n: { en: 'é'.repeat(2_048) } }],
  ])('with data that push cannot carry (%s) fails for everybody, and nothing is sent', async (_case, content) => {
    await bench.tx((tx) => saveTargetScreens(tx, { CARD_DETAILS: ['cardID'] }));
    await bench.device('ana', ['ana-1']);
    const job = await bench.notify(['ana', 'nobody'], content);
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 0, failed: 2 });
    const codes = (await outcomes(job)).map(([, , code]) => code);
    expect(codes[0]).toBe('error_processing_data');
    expect(bench.push.requests.list()).toEqual([]);
  });

  it.each([
    ['no title', { titleI18n: {} }],
    ['an unknown screen', { data: { targetScreen: 'NOWHERE' } }],
  ])('that cannot be mapped (%s) is reported for everybody and fails at its end', async (_case, content) => {
    await bench.tx((tx) => saveTargetScreens(tx, { CARD_DETAILS: ['cardID'] }));
    await bench.device('ana', ['ana-1']);
    const job = await bench.notify(['ana', 'nobody'], content);
    expect(await bench.run(job)).toMatchObject({ state: 'failed', errorCode: 'unable_to_map_custom_notification' });
    expect((await outcomes(job)).map(([, , code]) => code)).toEqual(Array(2).fill('unable_to_map_custom_notification'));
    expect(bench.push.requests.list()).toEqual([]);
  });

  it('delivers a user with one good device, and removes the dead one', async () => {
    await bench.device('ana', ['dead', 'good']);
    bench.push.script('dead', [pushError(404, 'UNREGISTERED')]);
    const job = await bench.notify(['ana']);
    bench.pass(1_000);
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 1 });
    expect(await bench.tokensOf('ana')).toEqual(['good']);
    const attempts = await bench.attempts(job);
    expect(attempts.map(({ outcome, providerCode, problem }) => [outcome, providerCode, problem?.code])).toEqual([
      ['rejected', 'UNREGISTERED', 'fcm_UNREGISTERED'],
      ['accepted', null, undefined],
    ]);
    expect(attempts[0]?.problem).toMatchObject({ source: 'push', provider: { name: 'fcm', code: 'UNREGISTERED' } });
  });

  it('keeps a dead token that was registered anew while the push was on its way', async () => {
    await bench.device('ana', ['anew']);
    bench.push.script('anew', [{ ...pushError(404, 'UNREGISTERED'), delayMs: 300 }]);
    const job = await bench.notify(['ana']);
    const done = bench.run(job);
    await expect.poll(() => bench.sendsTo('anew')).toBe(1);
    await bench.device('ana', ['anew']);
    expect(await done).toMatchObject({ failed: 1 });
    expect(await bench.tokensOf('ana')).toEqual(['anew']);
  });

  it('removes a token that FCM names as invalid, and no other where the message is', async () => {
    const named = pushError(400, 'INVALID_ARGUMENT');
    const message = 'The registration token is not a valid FCM registration token';
    bench.push.script('no-token', [{ ...named, body: { error: { ...errorOf(named), message } } }]);
    bench.push.script('kept', [named]);
    await bench.device('ana', ['no-token', 'kept']);
    const job = await bench.notify(['ana']);
    bench.pass(1_000);
    await bench.run(job);
    expect(await bench.tokensOf('ana')).toEqual(['kept']);
    expect(await outcomes(job)).toEqual([['ana', 'failed', 'custom_notification_not_delivered']]);
    const [error] = await bench.errors(job);
    expect(error?.description).toBe(
      'Custom notification not delivered to user ana of merchant m1: ' +
        'push was refused on all 2 tokens (fcm_INVALID_ARGUMENT).',
    );
  });
});

function errorOf({ body }: ReturnType<typeof pushError>): object {
  return (body as { error: object }).error; // the stand-in's own words
}

async function open(userId: string) {
  const job = await bench.notify([userId]);
  await bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
  return job;
}

const page = (jobId: string) =>
  bench.activities.processPage({ tenantId: bench.tenantId, jobId, fromOrdinal: 0, size: 1_000 });

it('a lone 429 lets its device wait, and nobody else', async () => {
  // FCM says the same of a device's own rate as of the project's: one chatty device stopped everybody for a minute.
  for (const user of ['ana', 'eva']) await bench.device(user, [`${user}-1`]);
  bench.push.script('ana-1', [pushError(429, 'QUOTA_EXCEEDED')]);
  const [chatty, other] = [await open('ana'), await open('eva')];
  const { waitMs = 0 } = await page(chatty.id);
  expect(waitMs).toBeGreaterThan(59_000);
  expect((await bench.look(chatty)).waitingFor?.reason).toBe('retry');
  expect(await page(other.id)).toEqual({ done: 1, isCancelled: false });
  bench.pass(waitMs);
  expect(await page(chatty.id)).toEqual({ done: 1, isCancelled: false });
  expect([bench.sendsTo('ana-1'), bench.sendsTo('eva-1')]).toEqual([2, 1]);
});

it('a failed TLS handshake uses up no try, holds the channel for a while, and pauses it only when it lasts', async () => {
  // The first one paused it, until somebody resumed it by hand.
  await bench.device('tls', ['tls-1']);
  const { id } = await open('tls');
  const callAt = (apiBaseUrl: string) =>
    bench.tx((tx) =>
      bench.stores.channels.update(tx, {
        id: bench.channelId,
        tenantId: bench.tenantId,
        name: 'Push',
        settings: { projectId: 'shop', apiBaseUrl },
        secrets: { accessToken },
        now: bench.now(),
      }),
    );
  const channel = () => bench.tx((tx) => bench.stores.channels.find(tx, bench.channelId));
  await callAt(bench.push.url.replace('http:', 'https:'));
  let pages = 0;
  while ((await channel())?.state === 'active' && pages < 20) {
    const { waitMs = 0 } = await page(id);
    expect(waitMs).toBeGreaterThan(0);
    bench.pass(waitMs);
    pages += 1;
  }
  expect([pages, (await channel())?.pausedReason?.code]).toEqual([6, 'push_unreachable']);
  await callAt(bench.push.url);
  await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
  bench.pass(1_200_000);
  expect(await page(id)).toEqual({ done: 1, isCancelled: false });
});
