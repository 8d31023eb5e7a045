import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillTenant } from '../support/filled-tenant.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const fillTimeoutMs = 120_000;
/** Those that grow with what was sent. */
const growing = ['job', 'attempt', 'timeline_entry', 'problem', 'event', 'delivery', 'recipient', 'notification_error'];

let test: TestApp;
let client: pg.Client;

beforeAll(async () => {
  test = await startTestApp();
  await fillTenant(test, { finished: 20_000, waiting: 2_000 });
  client = new pg.Client({ connectionString: test.database.url });
  await client.connect();
  await client.query('set role waypost_app');
}, fillTimeoutMs);
afterAll(async () => {
  await client.end();
  await test.close();
});

/** What a statement read of the tables that grow: rows by any way, and whole tables. Nothing of it stays. */
async function readingOf(text: string, tables: readonly string[] = growing) {
  // The counts of a session wait to be told, up to a second: those of what it did before must not count here.
  await client.query('select pg_stat_force_next_flush()');
  await client.query('begin');
  try {
    await client.query(text);
    const { rows } = await client.query<{ name: string; scans: number; read: number }>(
      `select relname as name, seq_scan::integer as scans,
          (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read
        from pg_stat_xact_user_tables where relname = any ($1)`,
      [tables],
    );
    return {
      scanned: rows.filter(({ scans }) => scans > 0).map(({ name }) => name),
      read: rows.reduce((sum, { read }) => sum + read, 0),
    };
  } finally {
    await client.query('rollback');
  }
}

describe('what every worker asks every second, among 22,000 jobs of which nothing is due', () => {
  it.each([
    ['select * from lease_due_jobs(200, 10)'],
    ['select find_next_due_ms()'],
    ['select * from list_expired_jobs(1000)'],
    ["select * from find_unclaimed_jobs('{msg_1,msg_2}')"],
    ['select release_held_jobs(1000)'],
    ['select release_outage_jobs(50)'],
    ['select close_status_windows(500)'],
    ['select * from lease_due_replays(50, 30)'],
    ["select purge_expired('jobs', now() - interval '30 days', 1000)"],
    ["select purge_expired('events', now() - interval '30 days', 1000)"],
    ["select purge_expired('deliveries', now() - interval '30 days', 1000)"],
    ["select purge_expired('problems', now() - interval '30 days', 1000)"],
    [
      `select * from list_expired('{jobs,events,deliveries,problems}',
        array_fill(now() - interval '30 days', array[4]))`,
    ],
    ['select * from count_waiting_jobs()'],
    ['select * from count_webhook_backlog()'],
    ['select * from list_endpoint_backlog()'],
    ['select skip_unwanted_events((select max(sequence) from event), 0)'],
    // As a relay does for what an endpoint does not want.
    ["update webhook set events = '{webhook.*}', event_cursor = 0; select skip_unwanted_events(10, 0)"],
  ])('%s reads next to nothing', async (text) => {
    expect(await readingOf(text)).toMatchObject({ scanned: [] });
    expect((await readingOf(text)).read).toBeLessThan(100);
  });
});

describe('what is asked every second or at each scrape, beside a backlog', () => {
  const backlog = 120_000;

  beforeAll(async () => {
    const owner = new pg.Client({ connectionString: test.database.url });
    await owner.connect();
    await owner.query("select set_config('waypost.tenant', $1, false)", [test.tenantId]);
    await owner.query(
      `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, url, body, created_at, updated_at, next_attempt_at)
        select 'dlv_' || n, $1, 'kpi', (select id from channel order by id limit 1), 'evt_' || n, '', '{}', now(), now(),
          now() - n * interval '1 ms'
        from generate_series(1, ${backlog}) n`,
      [test.tenantId],
    );
    await owner.query(
      `insert into provider_status (tenant_id, channel_id, provider_message_id, status, occurred_at, received_at, item)
        select $1, 'chn_x', 'wamid.' || n, 'sent', now(), now(), '{}' from generate_series(1, ${backlog}) n`,
      [test.tenantId],
    );
    await owner.query(
      `insert into event (id, tenant_id, type, data, created_at)
        select 'evt_' || n, $1, 'message.sent', '{}', now() from generate_series(1, 30000) n`,
      [test.tenantId],
    );
    await owner.query("update webhook set events = '{webhook.*}', event_cursor = 0");
    await owner.query('vacuum analyze delivery, provider_status, event, webhook');
    await owner.end();
  }, fillTimeoutMs);

  // Each worker counted all due KPI events every second: during a long outage of a sink, ever more of them.
  it.each([
    ['select * from count_kpi_backlog()', 100_100],
    ['select count_parked_statuses()', 100_100],
    ['select * from list_endpoint_backlog()', 10_200],
    ['select * from count_webhook_backlog()', 10_100],
    ['select skip_unwanted_events((select max(sequence) from event), 0)', 20_200],
  ])('%s reads at most %i rows', async (text, bound) => {
    const { scanned, read } = await readingOf(text, [...growing, 'delivery', 'provider_status']);
    expect(scanned).toEqual([]);
    expect(read).toBeLessThanOrEqual(bound);
  });

  it('passes by events that nobody wants in steps, and comes to the end', async () => {
    const owner = new pg.Client({ connectionString: test.database.url });
    await owner.connect();
    await owner.query("select set_config('waypost.tenant', $1, false)", [test.tenantId]);
    const { rows: ends } = await owner.query<{ last: string }>('select max(sequence) as last from event');
    const cursors: number[] = [];
    for (let step = 0; step < 8; step += 1) {
      await owner.query('select skip_unwanted_events($1, 0)', [ends[0]?.last]);
      const { rows } = await owner.query<{ cursor: string }>('select event_cursor as cursor from webhook');
      cursors.push(Number(rows[0]?.cursor));
    }
    await owner.end();
    expect(cursors[0]).toBeLessThan(cursors[1] ?? 0);
    expect(cursors.at(-1)).toBe(Number(ends[0]?.last));
  });
});
