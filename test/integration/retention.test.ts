import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsPerTransaction } from '../../src/activities/upkeep/purge-expired.ts';
import { addPurged, type PurgedCounts, type RetentionRule, retentionRules } from '../../src/domain/retention.ts';
import { gaugeRetention } from '../../src/http/retention-gauge.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { countDeletions } from '../support/deletion-count.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { listTenantTables } from '../support/find-in-tables.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { runInActivity } from '../support/in-activity.ts';
import { makeOldRows, oldDaysOf } from '../support/old-rows.ts';

let place: DeliveryFixture;
let channelId: string;
let listDeletions: () => Promise<number[]>;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
  listDeletions = await countDeletions(place.database.url);
});
afterAll(() => place.close());

/** Which rule keeps each table bounded, or why it needs none. A new table has to be entered here, and its rule proved. */
const rulesOfTables: Readonly<Record<string, RetentionRule | 'setting' | 'directory' | 'ends by itself'>> = {
  api_key: 'setting',
  attempt: 'jobs',
  audit_entry: 'audit',
  channel: 'setting',
  // A row for each channel.
  channel_health: 'setting',
  delivery: 'deliveries',
  // Its row goes with the next answer, or with the channel.
  destination_breaker: 'setting',
  directory_user: 'directory',
  event: 'events',
  idempotency_key: 'first_answers',
  // Its row goes with the last page.
  held_release: 'ends by itself',
  identity: 'identities',
  inbox_notification: 'inboxes',
  integration: 'setting',
  job: 'jobs',
  merchant: 'directory',
  message_part: 'jobs',
  notice: 'notices',
  notification_content: 'contents',
  notification_error: 'jobs',
  // Until the person says otherwise.
  opt_out: 'setting',
  problem: 'problems',
  provider_status: 'parked_statuses',
  push_token: 'directory',
  receiver: 'jobs',
  recipient: 'jobs',
  // Its row goes when the erasure is complete, and jobs end by their time-to-live.
  recipient_erasure: 'ends by itself',
  reply_window: 'windows',
  // A row for each channel; those of pairs go.
  send_limit: 'pair_limits',
  // As long as WhatsApp has them; a row for each.
  template: 'setting',
  timeline_entry: 'jobs',
  uploaded_media: 'jobs',
  webhook: 'setting',
};
const purgedTables = Object.entries(rulesOfTables)
  .filter(([, rule]) => retentionRules.some((each) => each === rule))
  .map(([table]) => table);

async function purge(): Promise<PurgedCounts> {
  const activities = place.makeActivities();
  let purged: PurgedCounts = {};
  for (;;) {
    const pass = await runInActivity(() => activities.purgeExpired());
    purged = addPurged(purged, pass.purged);
    if (!pass.hasMore) return purged;
  }
}

async function countRows(table: string): Promise<number> {
  const [row] = await place.rows<{ count: number }>(`select count(*)::integer as count from ${table}`);
  return row?.count ?? 0;
}

describe('retention', () => {
  it('knows every table of the catalogue, and every rule has one', async () => {
    expect(Object.keys(rulesOfTables).toSorted()).toEqual(await listTenantTables(place.database.url));
    expect(new Set([...Object.values(rulesOfTables), 'setting', 'directory', 'ends by itself'])).toEqual(
      new Set([...retentionRules, 'setting', 'directory', 'ends by itself']),
    );
  });

  it('takes from every table what is too old for it, and nothing younger', async () => {
    const before = new Map(
      await Promise.all(purgedTables.map(async (table) => [table, await countRows(table)] as const)),
    );
    // Just young enough by every rule, then just old enough.
    for (const slackHours of [1, -1]) {
      await makeOldRows(place, { channelId, daysOf: (rule) => oldDaysOf(rule) - slackHours / 24 });
      if (slackHours < 0) continue;
      expect(await purge()).toEqual({});
      for (const table of purgedTables)
        expect([table, await countRows(table)]).toEqual([table, (before.get(table) ?? 0) + rowsOf(table)]);
    }
    const purged = await purge();
    expect(Object.keys(purged).toSorted()).toEqual([...retentionRules].toSorted());
    for (const table of purgedTables) {
      // The young ones are left.
      expect([table, await countRows(table)]).toEqual([table, (before.get(table) ?? 0) + rowsOf(table)]);
    }
    expect(await purge()).toEqual({});
  });

  it('keeps what is not finished, or shown in an inbox, however old', async () => {
    const open = await place.accept(channelId, { sendAt: new Date(place.clock().getTime() + 3_600_000) });
    await place.rows("update job set created_at = now() - interval '900 days' where id = $1", [open.id]);
    await place.rows(
      `insert into notification_content (job_id, tenant_id, type, title_i18n, message_i18n, data, created_at)
        values ('ntf_shown', $1, 'USER_CENTER_NOTIFICATION', '{}', '{}', '{}', now() - interval '900 days')`,
      [place.tenantId],
    );
    await place.rows(
      `insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, created_at)
        values ('nfn_shown', $1, 'm', 'u', 'user', 'ntf_shown', now())`,
      [place.tenantId],
    );
    expect(await purge()).toEqual({});
  });

  it('takes 20,000 rows in transactions of a bounded size, those of one large notification among them', async () => {
    const already = (await listDeletions()).length;
    await place.rows(
      `insert into event (id, tenant_id, type, data, created_at)
        select 'evt_bulk' || n, $1, 'message.read', '{}', now() - interval '31 days' from generate_series(1, 6000) n`,
      [place.tenantId],
    );
    await place.rows(
      `insert into job (id, tenant_id, kind, state, terminal, request, expires_at, created_at, updated_at, finished_at)
        select case when n = 0 then 'ntf_bulk' else 'msg_bulk' || n end, $1, case when n = 0 then 'notification' else 'message' end,
          'completed', true, '{}', now(), now() - interval '40 days', now(), now() - interval '31 days'
        from generate_series(0, 2000) n`,
      [place.tenantId],
    );
    await place.rows(
      `insert into timeline_entry (tenant_id, job_id, at, type, title)
        select $1, 'msg_bulk' || n, now(), 'x', 'x' from generate_series(1, 2000) n, generate_series(1, 2)`,
      [place.tenantId],
    );
    await place.rows(
      `insert into recipient (tenant_id, job_id, ordinal, merchant_id, user_id, updated_at)
        select $1, 'ntf_bulk', n, 'm', 'u' || n, now() from generate_series(1, 8000) n`,
      [place.tenantId],
    );
    expect(await purge()).toEqual({ events: 6_000, jobs: 2_001 + 4_000 + 8_000 });
    const deletions = (await listDeletions()).slice(already);
    expect(deletions.reduce((sum, count) => sum + count, 0)).toBe(20_001);
    expect(Math.max(...deletions)).toBeLessThanOrEqual(rowsPerTransaction);
    expect(deletions.length).toBeGreaterThanOrEqual(20);
  });

  it('goes on with the other rules where one fails, and says so', async () => {
    await makeOldRows(place, { channelId, daysOf: (rule) => oldDaysOf(rule) + 1 });
    const activities = place.makeActivities({
      stores: {
        ...place.stores,
        transactions: {
          ...place.stores.transactions,
          acrossTenants: (work) =>
            place.stores.transactions.acrossTenants((tx) =>
              work({
                ...tx,
                async query(statement) {
                  if (statement.values?.[0] === 'jobs') throw new Error('stuck');
                  return tx.query(statement);
                },
              }),
            ),
        },
      },
    });
    await expect(runInActivity(() => activities.purgeExpired())).rejects.toThrow('stuck');
    expect(await readGauge()).toMatchObject({ jobs: expect.closeTo(86_400, -3) as unknown, events: 0, audit: 0 });
    expect(Object.keys(await purge())).toEqual(['jobs']);
    expect(new Set(Object.values(await readGauge()))).toEqual(new Set([0]));
  });

  it('is started by the sweep where something is too old for long enough, and not otherwise', async () => {
    let starts = 0;
    const starter = { ...idleStarter, startPurge: async () => (starts += 1) > 0 };
    const sweep = createSweep({
      ...place.stores,
      starter,
      dispatcher: listDispatched([]),
      clock: place.clock,
      retentionDays: 30,
    });
    await sweep.startPurge();
    const minutes = (count: number) => count / 1_440;
    await makeOldRows(place, { channelId, daysOf: (rule) => oldDaysOf(rule) + minutes(5) });
    await sweep.startPurge();
    expect(starts).toBe(0);
    await makeOldRows(place, { channelId, daysOf: (rule) => oldDaysOf(rule) + minutes(15) });
    await sweep.startPurge();
    expect(starts).toBe(1);
  });
});

/** As many as `makeOldRows` makes in one table. */
function rowsOf(table: string): number {
  // With the job and without it; an error callback and an event's.
  return ['problem', 'delivery', 'provider_status'].includes(table) ? 2 : 1;
}

async function readGauge(): Promise<Record<string, number>> {
  const metrics = new Registry();
  gaugeRetention({ metrics, transactions: place.stores.transactions, retentionDays: 30, clock: place.clock });
  const [metric] = await metrics.getMetricsAsJSON();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels['rule']), value]));
}
