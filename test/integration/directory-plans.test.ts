import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveUsers } from '../../src/store/directory.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';
import { plansOf } from '../support/query-plans.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.asOwner(`
    set waypost.tenant = '${bench.tenantId}';
    alter table push_token set (autovacuum_enabled = false);
    insert into merchant (tenant_id, id, updated_at) select '${bench.tenantId}', 'm' || i, now() from generate_series(0, 99) i;
    insert into directory_user (tenant_id, merchant_id, id, active, roles, language, push_enabled, updated_at)
    select '${bench.tenantId}', 'm' || (i % 100), 'u' || i, true, '{user}', 'en', true, now() from generate_series(1, 40000) i;
    insert into push_token (tenant_id, merchant_id, user_id, token, registered_at)
    select '${bench.tenantId}', 'm' || (i % 100), 'u' || i, repeat('x', 150) || i, now() from generate_series(1, 40000) i`);
});
afterAll(() => bench.close());

const users = Array.from({ length: 500 }, (_user, index) => ({
  merchantId: `m${index % 100}`,
  userId: `u${index}`,
  active: true,
  roles: ['user' as const],
  language: 'en',
  pushEnabled: true,
  tokens: [{ token: 'another', platform: null }],
}));

describe('among 40,000 tokens', () => {
  it.each([
    ['a first import has just brought', ''],
    ['the database knows well', 'analyze push_token'],
  ])('that %s, those of 500 users are looked up one by one', async (_case, sql) => {
    if (sql !== '') await bench.asOwner(sql);
    const plan = await bench.tx((tx) => plansOf(tx, (each) => saveUsers(each, bench.tenantId, users, bench.now())));
    expect(plan).toMatch(/Index (Only )?Scan using push_token_pkey on push_token t/);
    expect(plan).not.toMatch(/(Seq Scan|Bitmap Heap Scan) on push_token t/);
  });

  it('the others are left alone', async () => {
    await bench.tx((tx) => saveUsers(tx, bench.tenantId, users.slice(1, 3), bench.now()));
    const rows = await bench.tx((tx) =>
      tx.query<{ user_id: string; token: string }>({
        text: `select user_id, right(token, 7) as token from push_token where user_id in ('u1', 'u2', 'u3') order by 1, 2`,
      }),
    );
    expect(rows.map(({ user_id: userId, token }) => [userId, token])).toEqual([
      ['u1', 'another'],
      ['u2', 'another'],
      ['u3', 'xxxxxx3'],
    ]);
  });
});
