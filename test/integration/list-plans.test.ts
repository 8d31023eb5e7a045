import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCalls, type Subjects } from '../../bench/scenarios/lists/calls.ts';
import { type Explained, explainTransactions } from '../../dev/explained-transactions.ts';
import { fillTenant } from '../support/filled-tenant.ts';
import { runSql } from '../support/product-fixture.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const fillTimeoutMs = 120_000;
/** What one call may look at, of whatever table: the windows of a page, twice where two filters are tried. */
const mostRowsRead = 60_000;
/** One page of rows, or no more than a window of them at this size: reading it whole is then what costs least. */
const small = [
  'event',
  'recipient',
  'webhook',
  'channel',
  'channel_health',
  'destination_breaker',
  'api_key',
  'integration',
];

let test: TestApp;
let subjects: Subjects;
let plans: Explained[] = [];

beforeAll(async () => {
  test = await startTestApp(({ transactions }) => ({
    transactions: { ...transactions, ...explainTransactions(transactions, (plan) => plans.push(plan)) },
  }));
  subjects = await fillTenant(test, { finished: 20_000, waiting: 2_000 });
  await runSql(
    test.database.url,
    `insert into identity (tenant_id, person_id, id, kind, channel_id, seen_at, person_seen_at)
      select '${test.tenantId}', 'psn_' || n / 2, 'ES.' || n, 'user', 'chn', now(), now() from generate_series(1, 20000) n;
      insert into message_part (tenant_id, provider_message_id, job_id, part, state)
        select tenant_id, provider_message_ids[1], id, 0, state from job where kind = 'message' and provider_message_ids <> '{}';
      insert into receiver (tenant_id, job_id, ordinal, merchant_id, user_count)
        select '${test.tenantId}', '${subjects.batchId}', n, 'merchant-' || n, 1 from generate_series(1, 20000) n;
      analyze identity, message_part, receiver`,
    test.tenantId,
  );
}, fillTimeoutMs);
afterAll(() => test.close());

async function plansOf(path: string): Promise<Explained[]> {
  plans = [];
  const answer = await test.call(`GET ${path}`);
  expect(answer.status, answer.text).toBe(200);
  return plans;
}

describe('among 22,000 jobs with all that hangs on them', () => {
  it(
    'no list reads a table from end to end, whatever it is narrowed by, nor more rows than a page looks at',
    async () => {
      const lists = describeCalls(subjects).filter(
        ({ body, path }) => body === undefined && /jobs|problems|events|deliver|channels|webhooks|keys/.test(path),
      );
      const faults: unknown[] = [];
      let count = 0;
      for (const { name, path } of lists) {
        const explained = await plansOf(path);
        count += explained.length;
        // A summary counts up to 50,000, and here there are fewer in all: it may read them in whichever way.
        const isSummary = path.startsWith('/v1/jobs/summary');
        const scanned = isSummary
          ? []
          : explained.flatMap((each) => each.scanned).filter((table) => !small.includes(table));
        const rowsRead = explained.reduce((sum, each) => sum + each.rowsRead, 0);
        if (scanned.length > 0 || rowsRead > mostRowsRead) faults.push({ name, scanned, rowsRead });
      }
      expect(faults).toEqual([]);
      expect(count).toBeGreaterThan(lists.length);
    },
    fillTimeoutMs,
  );

  it.each([
    ['/v1/jobs', 'job_newest'],
    ['/v1/jobs?state=failed', 'job_by_state'],
    ['/v1/jobs?state=sending', 'job_by_state'],
    ['/v1/jobs?errorCode=unknown', 'job_by_error_code'],
    ['/v1/jobs?kind=inbound', 'job_by_kind'],
    ['/v1/jobs?to=34600000000', 'job_by_recipient'],
    ['/v1/jobs?conversationId=conv-large', 'job_by_conversation'],
    ['/v1/jobs?groupId=group-large', 'job_by_group'],
    ['/v1/jobs?externalId=order-2000', 'job_by_external_id'],
    ['/v1/jobs?channelId=unknown', 'job_by_channel'],
    ['/v1/jobs?label=spring', 'job_by_label'],
    ['/v1/jobs/summary?label=unknown', 'job_by_label'],
    ['/v1/jobs?integration=unknown', 'job_by_integration'],
    ['/v1/problems', 'problem_newest'],
    ['/v1/problems?source=kpi', 'problem_newest'],
    ['/v1/problems?code=unknown', 'problem_by_code'],
    ['/v1/problems/summary?groupBy=code', 'problem_newest'],
    ['/v1/events?types=channel.paused', 'event_by_sequence'],
    ['/v1/webhooks/:webhook/deliveries', 'delivery_by_endpoint'],
    ['/v1/webhooks/:webhook/deliveries?state=disabled', 'delivery_by_state'],
    ['/v1/jobs/:batch/recipients', 'recipient_pkey'],
    ['/v1/jobs/:batch/recipients?state=failed', 'notification_error_once'],
    ['/v1/jobs/:batch/errors', 'notification_error_pkey'],
    ['/v1/jobs/:batch/deliveries', 'delivery_by_job'],
    ['/v1/jobs/:message/attempts', 'attempt_job_id_number_key'],
    ['/v1/jobs/:message/timeline', 'timeline_entry_pkey'],
  ])('%s is served by %s, without sorting what it does not show', async (path, index) => {
    const { webhookId, batchId, messageId } = subjects;
    const filled = path.replace(':webhook', webhookId).replace(':batch', batchId).replace(':message', messageId);
    const explained = await plansOf(filled);
    const plan = explained.map((each) => each.plan).join('\n');
    expect(plan).toContain(index);
    expect(plan).not.toMatch(
      /(?<!Incremental )Sort  \(.*\n +Sort Key: \w*\.?(created_at|occurred_at|event_id|ordinal)/,
    );
  });

  it('usage is counted by its index alone, by day, channel and category', async () => {
    await runSql(
      test.database.url,
      `update job set delivered_at = created_at, pricing = case when n % 2 = 0 then '{"billable":true,"category":"utility"}'::json end
        from (select id as job_id, row_number() over (order by id) as n from job where state = 'delivered') list
        where id = job_id;
        select 1`,
      test.tenantId,
    );
    await runSql(test.database.url, 'vacuum analyze job', test.tenantId);
    const [plan] = await plansOf('/v1/usage?groupBy=day,channelId,category');
    expect(plan?.plan).toMatch(/Index Only Scan using job_delivered/);
    const answer = await test.call('GET /v1/usage');
    const data = answer.at('data') as { category: string | null; delivered: number; billable: number }[]; // its schema
    expect(data.map(({ category, delivered, billable }) => [category, billable === delivered])).toEqual([
      ['utility', true],
      [null, false],
    ]);
    const counted = await test.call('GET /v1/usage?groupBy=day&from=2020-01-01');
    expect(counted.at('code')).toBe('invalid_request');
    const one = await test.call('GET /v1/usage?groupBy=category,day&from=2026-01-01&to=2026-01-02');
    expect([one.at('from'), one.at('to'), one.at('data')]).toEqual([
      '2026-01-01T00:00:00.000Z',
      '2026-01-02T00:00:00.000Z',
      [],
    ]);
    expect((await test.call('GET /v1/usage?groupBy=month')).status).toBe(422);
  });

  it.each([
    ['userId=user-7', 'recipient_once'],
    ['userId=user-7&merchantId=merchant-0', 'recipient_once'],
    ['merchantId=unknown', 'receiver_by_merchant'],
    ['providerMessageId=wamid.unknown', 'message_part_pkey'],
    ['providerMessageId=wamid.unknown', 'job_inbound_once'],
  ])('/v1/jobs?%s finds what was for them by %s', async (query, index) => {
    const explained = await plansOf(`/v1/jobs?${query}`);
    expect(explained.map((each) => each.plan).join('\n')).toContain(index);
    expect(explained.reduce((sum, each) => sum + each.rowsRead, 0)).toBeLessThan(1_000);
  });
});
