import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tx } from '../../src/store/transactions.ts';
import { countUnread, type Inbox, listInbox, markAllRead, markRead } from '../../src/store/inbox.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';
import { plansOf } from '../support/query-plans.ts';

/** Whose every notification but the ten oldest is read, among many others' inboxes. */
const inbox: Inbox = { center: 'user', merchantId: 'big', userId: 'big' };
let bench: NotificationFixture;

beforeAll(async () => {
  bench = await openNotificationFixture();
  const { tenantId } = bench;
  await bench.asOwner(`
    set waypost.tenant = '${tenantId}';
    insert into notification_content (job_id, tenant_id, type, title_i18n, message_i18n, data, created_at)
    select 'ntf_' || i, '${tenantId}', 'USER_CENTER_NOTIFICATION', '{"en":"a"}', '{"en":"b"}', '{}', now()
    from generate_series(1, 10000) i;
    insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, read_at, created_at)
    select 'nfn_' || i, '${tenantId}', 'm' || (i % 40), 'u' || (i % 4000), 'user', 'ntf_' || (i / 4000 + 1),
      case when i % 3 = 0 then null else now() end, now() - i * interval '1 second'
    from generate_series(1, 40000) i;
    insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, read_at, created_at)
    select 'nfx_' || i, '${tenantId}', 'big', 'big', 'user', 'ntf_' || i, case when i > 9990 then null else now() end,
      now() - i * interval '1 second'
    from generate_series(1, 10000) i;
    analyze inbox_notification; analyze notification_content`);
});
afterAll(() => bench.close());

const page = { limit: 51, after: null };
const later = { limit: 51, after: { createdAt: new Date(), id: 'nfx_5000' } };

describe('among 50,000 stored notifications', () => {
  it.each<[string, string, (tx: Tx) => Promise<unknown>]>([
    ['the list', 'inbox_newest', (tx) => listInbox(tx, inbox, {}, page)],
    ['a later page of the list', 'inbox_newest', (tx) => listInbox(tx, inbox, {}, later)],
    ['the list of what is read', 'inbox_newest', (tx) => listInbox(tx, inbox, { unread: false }, page)],
    ['the list of what is unread', 'inbox_unread', (tx) => listInbox(tx, inbox, { unread: true }, page)],
    ['the count of what is unread', 'inbox_unread', (tx) => countUnread(tx, inbox)],
    ['reading all', 'inbox_unread', (tx) => markAllRead(tx, inbox, new Date())],
    ['reading one', 'inbox_notification_pkey', (tx) => markRead(tx, inbox, 'nfx_1', new Date())],
  ])('%s is served by %s', async (_what, index, work) => {
    const plan = await bench.tx((tx) => plansOf(tx, work));
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan on inbox_notification/);
    expect(plan).not.toContain('Sort Key: n.created_at');
  });
});
