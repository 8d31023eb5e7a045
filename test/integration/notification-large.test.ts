import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
});
afterAll(() => bench.close());

it('reaches 10,000 recipients of several merchants, each once, and reports exactly those who are missing', async () => {
  const userIds = Array.from({ length: 5_000 }, (_, index) => `user-${index}`);
  await bench.register('m1', userIds);
  await bench.register('m2', userIds.slice(25));
  const job = await bench.accept([
    { merchantId: 'm1', userIds },
    { merchantId: 'm2', userIds: [...userIds, 'user-0', 'user-99'] },
  ]);
  expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 9_975, failed: 25 });
  const recipients = await bench.recipients(job);
  expect(recipients).toHaveLength(10_000);
  const missing = recipients
    .filter(({ state }) => state === 'failed')
    .map(({ merchantId, userId }) => `${merchantId}/${userId}`);
  expect(missing).toEqual(userIds.slice(0, 25).map((userId) => `m2/${userId}`));
  const [stored] = await bench.tx((tx) =>
    tx.query<{ rows: number; keys: number }>({
      text: `select count(*)::integer as rows, count(distinct (merchant_id, user_id))::integer as keys
        from inbox_notification where job_id = $1`,
      values: [job.id],
    }),
  );
  expect(stored).toEqual({ rows: 9_975, keys: 9_975 });
  expect(bench.integrator.received).toHaveLength(25);
});
