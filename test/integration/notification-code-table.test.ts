import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Receiver } from '../../src/domain/notification/request.ts';
import { saveTargetScreens } from '../../src/store/tenants.ts';
import type { NotificationToAccept } from '../../src/usecases/accept-notification.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';
import { createExpectTold, type ExpectTold, ofMerchant, ofUser } from '../support/told-errors.ts';

let bench: PushFixture;
let directory: DirectoryStandIn;
beforeAll(async () => {
  [bench, directory] = await Promise.all([openPushFixture(), startDirectory()]);
  await bench.register('m1', ['good'], { roles: ['user', 'admin'], tokens: ['good-1'] });
  await bench.register('m1', ['off'], { roles: ['user', 'admin'] });
  await bench.register('m1', ['asleep'], { active: false });
  await bench.register('empty', ['asleep'], { active: false });
  await bench.device('odd', ['odd-1'], { language: 'english' });
  await bench.tx((tx) => saveTargetScreens(tx, { CARD_DETAILS: ['cardID'] }));
});
beforeEach(() => {
  bench.push.clear();
  bench.integrator.received.length = 0;
});
afterEach(async () => {
  bench.integrator.answer = () => ({ status: 200 });
  await bench.useDirectory({ kind: 'postgres' });
  await bench.asOwner('drop trigger if exists refuse_all on inbox_notification');
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});

type Content = Partial<NotificationToAccept>;
type Type = NotificationToAccept['type'];
const centers: readonly Type[] = ['USER_CENTER_NOTIFICATION', 'ADMIN_CENTER_NOTIFICATION'];
const types: readonly Type[] = [...centers, 'PUSH_NOTIFICATION'];
const good: Receiver = { merchantId: 'm1', userIds: ['good'] };

const expectTold: ExpectTold = (...batch) => createExpectTold(bench)(...batch);

describe.each(types)('a %s', (type) => {
  it('without receivers fails as a whole', async () => {
    const description = 'Unspecified receivers.';
    const { closed } = await expectTold([], { type }, [
      { receivers: [], code: 'unspecified_receivers', description, status: '400 BAD_REQUEST', scope: 'notification' },
    ]);
    expect(closed).toMatchObject({ state: 'failed', errorCode: 'unspecified_receivers' });
  });

  it('with a merchant without users fails that merchant only', async () => {
    const error = ofMerchant('none', 'unspecified_users', 'Unspecified users for merchant none.', '400 BAD_REQUEST');
    const { closed } = await expectTold([{ merchantId: 'none', userIds: [] }, good], { type }, [error]);
    expect(closed).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 0, failure: null });
  });

  it('for a merchant that its directory cannot tell of fails that merchant only', async () => {
    directory.answer = (merchantId, reply) => {
      const push = { enabled: true, tokens: [{ token: 'good-1' }] };
      if (merchantId === 'broken') reply.writeHead(403).end();
      else tellUsers(reply, [{ id: 'good', language: 'en', roles: ['user', 'admin'], push }]);
    };
    await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: null });
    const error = ofMerchant(
      'broken',
      'error_retrieving_active_users_for_merchant',
      'Error retrieving active users for merchant broken.',
      '500 INTERNAL_SERVER_ERROR',
    );
    const { closed } = await expectTold([{ merchantId: 'broken', userIds: ['a', 'b'] }, good], { type }, [error]);
    expect(closed).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 2 });
  });

  it('for a merchant where nobody is active fails that merchant only', async () => {
    const description = 'There are no active users for merchant empty.';
    const error = ofMerchant('empty', 'no_active_users_for_merchant', description, '404 NOT_FOUND');
    const { closed } = await expectTold([{ merchantId: 'empty', userIds: ['asleep', 'b'] }, good], { type }, [error]);
    expect(closed).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 2 });
  });

  it('for a user who is not active, or not known, fails that user only', async () => {
    const errorOf = (userId: string) =>
      ofUser(
        userId,
        'no_active_user_for_merchant',
        `The user ${userId} is not active for merchant m1.`,
        '404 NOT_FOUND',
      );
    const receivers = [{ merchantId: 'm1', userIds: ['asleep', 'good', 'nobody'] }];
    const { closed } = await expectTold(receivers, { type }, [errorOf('asleep'), errorOf('nobody')]);
    expect(closed).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 2 });
  });

  it.each<[string, Content, string]>([
    ['without a title', { titleI18n: { en: ' ' } }, 'titleI18n has no text in any language'],
    ['without a message', { messageI18n: {} }, 'messageI18n has no text in any language'],
    ['for an unknown screen', { data: { targetScreen: 'NOWHERE' } }, 'data.targetScreen names an unknown screen'],
    ['for a screen that is no text', { data: { targetScreen: 7 } }, 'data.targetScreen is no text'],
  ])('%s is reported for every recipient, and fails at its end', async (_how, content, reason) => {
    const code = 'unable_to_map_custom_notification';
    const description = `Unable to map notification: ${reason}.`;
    const told = ['good', 'nobody'].map((userId) => ({
      ...ofUser(userId, code, description, '500 INTERNAL_SERVER_ERROR'),
      // One problem for all: it is the notification that is wrong.
      scope: 'notification' as const,
    }));
    const { closed } = await expectTold(
      [{ merchantId: 'm1', userIds: ['good', 'nobody'] }],
      { type, ...content },
      told,
    );
    expect(closed).toMatchObject({ state: 'failed', errorCode: code, failure: { code }, delivered: 0, failed: 2 });
    expect(bench.push.requests.list()).toEqual([]);
  });

  it('whose integrator does not take an error fails with it, and so does the delivery', async () => {
    bench.integrator.answer = () => ({ status: 400 });
    const job = await bench.accept([{ merchantId: 'none', userIds: [] }, good], { type });
    const code = 'custom_notification_not_delivered';
    const closed = await bench.run(job);
    expect(closed).toMatchObject({ state: 'failed', errorCode: code, failure: { code }, delivered: 1 });
    expect((await bench.look(job)).error).toMatchObject({ code, status: 500, source: 'integrator' });
    const [delivery] = await bench.deliveries(job);
    expect(delivery?.error).toMatchObject({ code: 'custom_notification_errors_not_delivered', status: 500 });
  });
});

describe.each(centers)('a %s', (type) => {
  it('that cannot be saved fails each user whom it is not saved for', async () => {
    await bench.asOwner(`
      create or replace function refuse_all() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_all before insert on inbox_notification for each row execute function refuse_all()`);
    const description = 'Unable to save notification for user good of merchant m1.';
    const error = ofUser('good', 'unable_to_save_custom_notification', description, '500 INTERNAL_SERVER_ERROR');
    const { closed } = await expectTold([good], { type }, [error]);
    expect(closed).toMatchObject({ state: 'completed_with_errors', delivered: 0, failed: 1, failure: null });
  });

  it('lacking a parameter of its screen cannot be mapped', async () => {
    const code = 'unable_to_map_custom_notification';
    const description = 'Unable to map notification: data lacks cardID, which its target screen needs.';
    const error = { ...ofUser('good', code, description, '500 INTERNAL_SERVER_ERROR'), scope: 'notification' as const };
    const { closed } = await expectTold([good], { type, data: { targetScreen: 'CARD_DETAILS' } }, [error]);
    expect(closed).toMatchObject({ state: 'failed', errorCode: code });
  });

  it('minds neither the shape nor the size of its data, nor whether pushes are on', async () => {
    const data = { card: { id: 'c-1' }, list: [1, [2]], long: 'x'.repeat(10_000) };
    const { closed } = await expectTold([{ merchantId: 'm1', userIds: ['good', 'off'] }], { type, data }, []);
    expect(closed).toMatchObject({ state: 'completed', delivered: 2, failed: 0 });
  });
});

it('a centre minds no language: who has an unusable one reads the default', async () => {
  const { closed } = await expectTold(
    [{ merchantId: 'm1', userIds: ['odd'] }],
    { type: 'USER_CENTER_NOTIFICATION' },
    [],
  );
  expect(closed).toMatchObject({ state: 'completed', delivered: 1 });
});
