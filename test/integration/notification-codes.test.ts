import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTargetScreens } from '../../src/store/tenants.ts';
import { showProblems } from '../../src/domain/problems/problem.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';
import { publicUrl } from '../support/worker-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['u1', 'u2', 'u3']);
  await bench.register('m1', ['asleep'], { active: false });
  await bench.register('empty', ['asleep'], { active: false });
});
afterAll(() => bench.close());

/** The callbacks of one job, in order of arrival. */
function callbacksOf(job: { id: string }) {
  return bench.integrator.received.map(({ body }) => body).filter((body) => body.requestId === job.id);
}

describe('a notification to a centre', () => {
  it('is saved for every active user and tells the integrator nothing', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'u2', 'u1'] }]);
    expect(job.counts).toEqual({
      receivers: 1,
      recipients: 2,
      delivered: 0,
      failed: 0,
      pending: 2,
      failedMerchants: 0,
    });
    expect(await bench.run(job)).toEqual({
      state: 'completed',
      errorCode: null,
      delivered: 2,
      failed: 0,
      failure: null,
    });
    const done = await bench.look(job);
    expect(done).toMatchObject({ state: 'completed', terminal: true, error: null, wakeAt: null, waitingFor: null });
    expect(done.counts).toEqual({
      receivers: 1,
      recipients: 2,
      delivered: 2,
      failed: 0,
      pending: 0,
      failedMerchants: 0,
    });
    const recipients = await bench.recipients(job);
    expect(recipients.map(({ userId, state, error }) => [userId, state, error])).toEqual([
      ['u1', 'delivered', null],
      ['u2', 'delivered', null],
    ]);
    expect(recipients.every(({ notificationId }) => notificationId?.startsWith('nfn_'))).toBe(true);
    expect(callbacksOf(job)).toEqual([]);
  });

  it('without receivers fails, and says so with an empty list of receivers', async () => {
    const job = await bench.accept([]);
    const closed = await bench.run(job);
    expect(closed).toMatchObject({ state: 'failed', errorCode: 'unspecified_receivers' });
    expect(closed.failure?.code).toBe('unspecified_receivers');
    const failed = await bench.look(job);
    expect(failed.error).toMatchObject({
      code: 'unspecified_receivers',
      status: 400,
      detail: 'Unspecified receivers.',
    });
    expect(callbacksOf(job)).toEqual([
      {
        externalId: 'inv-2031',
        externalType: 'INVOICE_DUE',
        titleI18n: { en: 'Invoice due' },
        messageI18n: { en: 'Please pay' },
        data: { invoice: 'i-1' },
        receivers: [],
        errors: [
          {
            code: 'unspecified_receivers',
            description: 'Unspecified receivers.',
            status: '400 BAD_REQUEST',
            requestId: job.id,
          },
        ],
        requestId: job.id,
      },
    ]);
  });

  it('with a merchant without users fails that merchant and goes on with the others', async () => {
    const job = await bench.accept([
      { merchantId: 'm2', userIds: [] },
      { merchantId: 'm1', userIds: ['u1'] },
    ]);
    await bench.run(job);
    const done = await bench.look(job);
    expect(done).toMatchObject({ state: 'completed_with_errors', error: null });
    expect(done.counts).toMatchObject({ recipients: 1, delivered: 1, failed: 0, failedMerchants: 1 });
    expect(callbacksOf(job)).toMatchObject([
      {
        receivers: [{ merchantId: 'm2', userIds: [] }],
        errors: [
          { code: 'unspecified_users', description: 'Unspecified users for merchant m2.', status: '400 BAD_REQUEST' },
        ],
      },
    ]);
  });

  it.each(['empty', 'unheard-of'])(
    'finds nobody active at the merchant %s, once for all its recipients',
    async (merchantId) => {
      const job = await bench.accept([
        { merchantId, userIds: ['asleep', 'b', 'c'] },
        { merchantId: 'm1', userIds: ['u1'] },
      ]);
      await bench.run(job, 2);
      const done = await bench.look(job);
      expect(done.counts).toMatchObject({ delivered: 1, failed: 3, pending: 0, failedMerchants: 1 });
      expect(callbacksOf(job)).toMatchObject([
        {
          receivers: [{ merchantId, userIds: [] }],
          errors: [
            {
              code: 'no_active_users_for_merchant',
              description: `There are no active users for merchant ${merchantId}.`,
              status: '404 NOT_FOUND',
            },
          ],
        },
      ]);
      const failed = (await bench.recipients(job)).filter(({ state }) => state === 'failed');
      expect(failed.map(({ error }) => error?.code)).toEqual(Array(3).fill('no_active_users_for_merchant'));
    },
  );

  it('tells each user apart who is not active or not known at a merchant with others', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['asleep', 'u1', 'nobody'] }]);
    await bench.run(job);
    expect((await bench.look(job)).counts).toMatchObject({ delivered: 1, failed: 2, failedMerchants: 0 });
    expect(callbacksOf(job)).toHaveLength(2);
    expect(callbacksOf(job)).toEqual(
      expect.arrayContaining(
        ['asleep', 'nobody'].map((userId) =>
          expect.objectContaining({
            receivers: [{ merchantId: 'm1', userIds: [userId] }],
            errors: [
              {
                code: 'no_active_user_for_merchant',
                description: `The user ${userId} is not active for merchant m1.`,
                status: '404 NOT_FOUND',
                requestId: job.id,
              },
            ],
          }),
        ),
      ),
    );
    const errors = await bench.errors(job);
    expect(errors.map(({ problem }) => [problem?.code, problem?.source, problem?.jobId])).toEqual(
      Array(2).fill(['no_active_user_for_merchant', 'directory', job.id]),
    );
  });

  it('reaches only administrators through the admin centre', async () => {
    await bench.register('m1', ['boss'], { roles: ['user', 'admin'] });
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['boss', 'u1'] }], {
      type: 'ADMIN_CENTER_NOTIFICATION',
    });
    await bench.run(job);
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual(['delivered', 'failed']);
  });

  it.each([
    ['no title', { titleI18n: {} }],
    ['a blank message', { messageI18n: { en: ' ' } }],
    ['an unknown target screen', { data: { targetScreen: 'NOWHERE' } }],
    ['a parameter missing', { data: { targetScreen: 'CARD_DETAILS' } }],
  ])('that cannot be mapped (%s) is reported for everybody and fails at its end', async (_case, content) => {
    await bench.tx((tx) => saveTargetScreens(tx, { CARD_DETAILS: ['cardID'] }));
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'nobody'] }], content);
    const closed = await bench.run(job);
    expect(closed).toMatchObject({
      state: 'failed',
      errorCode: 'unable_to_map_custom_notification',
      delivered: 0,
      failed: 2,
    });
    expect(closed.failure?.problem).toEqual(showProblems(await bench.look(job), publicUrl).error);
    expect(callbacksOf(job).map((body) => [body.receivers, body.errors[0]?.code, body.errors[0]?.status])).toEqual(
      expect.arrayContaining(
        ['u1', 'nobody'].map((userId) => [
          [{ merchantId: 'm1', userIds: [userId] }],
          'unable_to_map_custom_notification',
          '500 INTERNAL_SERVER_ERROR',
        ]),
      ),
    );
    const rows = await bench.tx((tx) =>
      tx.query({ text: 'select 1 from inbox_notification where job_id = $1', values: [job.id] }),
    );
    expect(rows).toEqual([]);
  });

  it('reports a merchant whose users could not be read, after the retries', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'u2'] }]);
    await bench.asOwner('revoke select on directory_user from waypost_app');
    try {
      await bench.run(job);
    } finally {
      await bench.asOwner('grant select on directory_user to waypost_app');
    }
    expect((await bench.look(job)).counts).toMatchObject({ delivered: 0, failed: 2, failedMerchants: 1 });
    expect(callbacksOf(job)).toMatchObject([
      {
        receivers: [{ merchantId: 'm1', userIds: [] }],
        errors: [
          {
            code: 'error_retrieving_active_users_for_merchant',
            description: 'Error retrieving active users for merchant m1.',
            status: '500 INTERNAL_SERVER_ERROR',
          },
        ],
      },
    ]);
  });
});
