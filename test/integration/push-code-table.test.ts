import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import { saveTargetScreens } from '../../src/store/tenants.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';
import { createExpectTold, type ExpectTold, ofUser } from '../support/told-errors.ts';

let bench: PushFixture;
let expectTold: ExpectTold;
beforeAll(async () => {
  bench = await openPushFixture();
  expectTold = createExpectTold(bench);
  await bench.device('good', ['good-1']);
  await bench.tx((tx) => saveTargetScreens(tx, { CARD_DETAILS: ['cardID'] }));
});
beforeEach(() => {
  bench.push.clear();
  bench.integrator.received.length = 0;
});
afterAll(() => bench.close());

const type = 'PUSH_NOTIFICATION';
const to = (...userIds: string[]) => [{ merchantId: 'm1', userIds }];
const someFailed = (delivered: number, failed: number) => ({
  state: 'completed_with_errors',
  delivered,
  failed,
  failure: null,
});

it('a user whose language is no language is told apart', async () => {
  await bench.device('odd', ['odd-1'], { language: 'english' });
  const description = 'The user odd has an invalid language configured.';
  const error = ofUser('odd', 'invalid_user_language_configured', description, '404 NOT_FOUND');
  const { closed } = await expectTold(to('odd', 'good'), { type }, [error]);
  expect(closed).toMatchObject(someFailed(1, 1));
});

it('a user who has pushes off, or no device, is told apart', async () => {
  await bench.device('off', ['off-1'], { enabled: false });
  await bench.device('bare', []);
  const errorOf = (userId: string) => {
    const description = `Push notifications disabled for user ${userId}.`;
    return ofUser(userId, 'push_notifications_disabled', description, '403 FORBIDDEN');
  };
  const { closed } = await expectTold(to('off', 'good', 'bare'), { type }, [errorOf('off'), errorOf('bare')]);
  expect(closed).toMatchObject(someFailed(1, 2));
});

it.each([
  ['that are no flat map', { card: { id: 'c-1' } }, 'data.card is neither a text nor a number nor a truth value'],
  ['with a list', { cards: ['c-1'] }, 'data.cards is neither a text nor a number nor a truth value'],
  ['that are too long', { long: 'x'.repeat(4_093) }, 'data is over 4096 bytes'],
  ['without a parameter', { targetScreen: 'CARD_DETAILS' }, 'data lacks cardID, which its target screen needs'],
  ['under a reserved name', { 'google.x': '1' }, 'data.google.x is a name that push keeps for itself'],
])('data %s fail for every recipient, and nothing is sent', async (_how, data, reason) => {
  const errorOf = (userId: string) =>
    ofUser(userId, 'error_processing_data', `Error processing data: ${reason}.`, '400 BAD_REQUEST');
  const { closed } = await expectTold(to('good', 'nobody'), { type, data }, [errorOf('good'), errorOf('nobody')]);
  expect(closed).toMatchObject(someFailed(0, 2));
  expect(bench.push.requests.list()).toEqual([]);
});

it('texts that leave the data no room fail for those who would read them', async () => {
  await bench.device('lector', ['lector-1'], { language: 'es' });
  const data = { long: 'x'.repeat(4_000) };
  const messageI18n = { en: 'short', es: 'ñ'.repeat(48) };
  const reason = 'texts and data are over 4096 bytes';
  const error = ofUser('lector', 'error_processing_data', `Error processing data: ${reason}.`, '400 BAD_REQUEST');
  const { closed } = await expectTold(to('good', 'lector'), { type, data, messageI18n }, [error]);
  expect(closed).toMatchObject(someFailed(1, 1));
});

it.each([
  ['SENDER_ID_MISMATCH', 403, ['one'], 'push was refused on the only token (fcm_SENDER_ID_MISMATCH)'],
  ['UNREGISTERED', 404, ['one', 'two'], 'push was refused on all 2 tokens (fcm_UNREGISTERED)'],
])('a user whose every device refuses with %s is not delivered', async (code, status, tokens, reason) => {
  await bench.device('away', tokens);
  for (const token of tokens) bench.push.script(token, [pushError(status, code)]);
  const description = `Custom notification not delivered to user away of merchant m1: ${reason}.`;
  const error = ofUser('away', 'custom_notification_not_delivered', description, '500 INTERNAL_SERVER_ERROR');
  const { closed } = await expectTold(to('away', 'good'), { type }, [error]);
  expect(closed).toMatchObject(someFailed(1, 1));
});

it('without a push channel nobody is delivered, and each user is told why', async () => {
  const bare = await openPushFixture();
  try {
    await bare.device('good', ['good-1']);
    await bare.tx((tx) => bare.stores.channels.remove(tx, bare.channelId));
    const reason = 'the tenant has no push channel';
    const description = `Custom notification not delivered to user good of merchant m1: ${reason}.`;
    const error = ofUser('good', 'custom_notification_not_delivered', description, '500 INTERNAL_SERVER_ERROR');
    const { job, closed } = await createExpectTold(bare)(to('good'), { type }, [error]);
    expect([closed.state, (await bare.look(job)).channelId]).toEqual(['completed_with_errors', null]);
  } finally {
    await bare.close();
  }
});

it('a push needs no inbox: where nothing can be saved it is delivered all the same', async () => {
  await bench.asOwner('revoke insert on inbox_notification from waypost_app');
  try {
    const { closed } = await expectTold(to('good'), { type }, []);
    expect(closed).toMatchObject({ state: 'completed', delivered: 1, failed: 0 });
  } finally {
    await bench.asOwner('grant insert on inbox_notification to waypost_app');
  }
});
