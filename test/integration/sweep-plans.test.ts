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
async function readingOf(text: string) {
  // The counts of a session wait to be told, up to a second: those of what it did before must not count here.
  await client.query('select pg_stat_force_next_flush()');
  await client.query('begin');
  try {
    await client.query(text);
    const { rows } = await client.query<{ name: string; scans: number; read: number }>(
      `select relname as name, seq_scan::integer as scans,
          (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read
        from pg_stat_xact_user_tables where relname = any ($1)`,
      [growing],
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
    ['select * from lease_due_jobs(50, 30, 64)'],
    ['select * from lease_due_messages(50, 30, 64, 8)'],
    ['select release_held_jobs(1000)'],
    ['select close_status_windows(500)'],
    ['select * from list_kpi_backlog()'],
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
    ['select * from list_webhook_backlog()'],
    ['select skip_unwanted_events((select max(sequence) from event), 0)'],
    // As a relay does for what an endpoint does not want.
    ["update webhook set events = '{webhook.*}', event_cursor = 0; select skip_unwanted_events(10, 0)"],
  ])('%s reads next to nothing', async (text) => {
    expect(await readingOf(text)).toMatchObject({ scanned: [] });
    expect((await readingOf(text)).read).toBeLessThan(100);
  });
});
