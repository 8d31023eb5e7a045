import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
});
afterAll(() => app.close());

const receivers = [{ merchantId: 'm1', userIds: ['boss'] }];
const setScreens = (screens: unknown) => app.call('PUT /v1/target-screens', { body: screens });

async function endOf(type: string, data: object): Promise<unknown[]> {
  const job = await app.call(`GET /v1/jobs/${await deliverNotification(app, { type, data, receivers })}`);
  return [job.at('state'), job.at('error.code')];
}

const delivered = ['completed', undefined];
const unmapped = ['failed', 'unable_to_map_custom_notification'];

describe.each(['USER_CENTER_NOTIFICATION', 'ADMIN_CENTER_NOTIFICATION'])('the screen of a %s', (type) => {
  it.each([
    ['any', {}, { targetScreen: 'WHATEVER' }, delivered],
    ['one of those that are set', { HOME: [] }, { targetScreen: 'HOME', more: 1 }, delivered],
    ['one with its parameter', { CARD: ['cardID'] }, { targetScreen: 'CARD', cardID: 'c-1' }, delivered],
    ['one whose parameter is 0', { CARD: ['cardID'] }, { targetScreen: 'CARD', cardID: 0 }, delivered],
    ['none at all', { CARD: ['cardID'] }, { cardID: 'c-1' }, delivered],
    ['no unknown one', { CARD: ['cardID'] }, { targetScreen: 'card', cardID: 'c-1' }, unmapped],
    ['none without its parameter', { CARD: ['cardID'] }, { targetScreen: 'CARD' }, unmapped],
    ['none with one of two', { CARD: ['cardID', 'at'] }, { targetScreen: 'CARD', cardID: 'c-1' }, unmapped],
    ['none whose parameter is null', { CARD: ['cardID'] }, { targetScreen: 'CARD', cardID: null }, unmapped],
  ])('may be %s', async (_case, screens, data, end) => {
    await setScreens(screens);
    expect(await endOf(type, data)).toEqual(end);
  });

  it('is judged by what is set when it runs, and any is one again where nothing is set any more', async () => {
    await setScreens({ HOME: [] });
    expect(await endOf(type, { targetScreen: 'ELSEWHERE' })).toEqual(unmapped);
    await setScreens({});
    expect(await endOf(type, { targetScreen: 'ELSEWHERE' })).toEqual(delivered);
  });
});

describe('the screens of a tenant', () => {
  it('are refused where they are none, and what was set before stays', async () => {
    await setScreens({ HOME: [] });
    const odd: [unknown, string][] = [
      [[], ''],
      [{ HOME: 'cardID' }, '/HOME'],
      [{ HOME: [''] }, '/HOME/0'],
      [{ HOME: [1] }, '/HOME/0'],
      [{ 'a b': [] }, '/a b'],
      [Object.fromEntries(Array.from({ length: 501 }, (_screen, index) => [`S${index}`, []])), ''],
    ];
    for (const [screens, pointer] of odd) {
      expect(refusalOf(await setScreens(screens))).toEqual([422, 'invalid_request', pointer]);
    }
    expect((await app.call('GET /v1/target-screens')).body).toEqual({ HOME: [] });
  });
});
