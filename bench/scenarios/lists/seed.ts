import pg from 'pg';
import { type BenchTenant, createBenchTenant, post } from '../../api-client.ts';
import { insertJobs, insertLargeBatch } from './seed-jobs.ts';
import {
  insertAttempts,
  insertCallbacks,
  insertDeliveries,
  insertEvents,
  insertProblems,
  insertRecipientErrors,
  insertRecipients,
  insertTimelines,
} from './seed-around-jobs.ts';
import type { Subjects } from './calls.ts';

export interface SeededTenant {
  readonly id: string;
  readonly apiKey: string;
  readonly size: TenantSize;
  /** The busy one, the lesser one, the paused one, and one that never sent anything. */
  readonly channelIds: readonly string[];
  readonly webhookId: string;
}

/** A tenant with four channels and a webhook endpoint, whose busy channel sends to `kernelUrl`; the others send nothing. */
export async function createTenantToFill(order: {
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly kernelUrl: string;
  readonly size: TenantSize;
}): Promise<SeededTenant & BenchTenant> {
  const { apiUrl, adminKey, kernelUrl, size } = order;
  const tenant = await createBenchTenant(apiUrl, adminKey, kernelUrl);
  const channelIds = [tenant.channelId];
  for (const name of ['lesser', 'paused', 'quiet']) {
    const secret = 'a-secret-of-no-one';
    const body = { kind: 'whatsapp', name, phoneNumberId: name, apiBaseUrl: `${kernelUrl}/v23.0` };
    const secrets = { accessToken: secret, appSecret: secret, verifyToken: secret };
    channelIds.push((await post<{ id: string }>(`${apiUrl}/v1/channels`, tenant.apiKey, { ...body, ...secrets })).id);
  }
  const webhook = { url: `${kernelUrl}/subscriber`, events: ['webhook.*'] };
  const { id: webhookId } = await post<{ id: string }>(`${apiUrl}/v1/webhooks`, tenant.apiKey, webhook);
  return { ...tenant, size, channelIds, webhookId };
}

/** Ids of a time, the tenant and a number, which sort as the product's do; a problem document of the usual size. */
const functions = `
  create or replace function pg_temp.bench_id(prefix text, at timestamptz, n bigint) returns text language sql stable as $$
    select prefix || '_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 11, '0')
      || lpad((abs(hashtext(current_setting('waypost.tenant'))) % 1000)::text, 3, '0') || lpad(n::text, 12, '0')
  $$;
  create or replace function pg_temp.bench_problem(tenant text, code text, at timestamptz, n bigint, job text)
  returns json language sql stable as $$
    select case when code is not null then json_build_object(
      'type', 'https://waypost.example.com/problems/' || code, 'title', 'It failed', 'status', 502,
      'detail', 'The recipient cannot be reached: it has no account, or has not accepted the terms of the service.',
      'instance', 'https://waypost.example.com/v1/problems/' || pg_temp.bench_id('prb', at, n), 'code', code,
      'source', case when code like 'whatsapp%' then 'whatsapp' when code = 'rendering_failed' then 'rendering'
        when code like 'kernel%' then 'kernel' when code like 'bot%' then 'bot' when code like '%merchant' then 'directory' else 'api' end,
      'class', case when code like 'kernel%' then 'transient' else 'permanent' end, 'recoverable', code like 'kernel%',
      'scope', null, 'attempt', 1, 'jobId', job, 'requestId', null, 'tenantId', tenant,
      'occurredAt', to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'nextAttemptAt', null,
      'provider', null, 'errors', '[]'::json) end
  $$`;

/** Fills a tenant's tables set by set, as its owner, and says what takes how long. The tenant has nothing yet. */
export async function seedTenant(
  databaseUrl: string,
  tenant: SeededTenant,
  log: (line: string) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { id, size, channelIds, webhookId } = tenant;
  const [busy, lesser, paused] = channelIds;
  const run = async (what: string, text: string, values: readonly unknown[]) => {
    const startedMs = performance.now();
    const { rowCount, rows } = await client.query<{ id?: string }>(
      text.replaceAll(/\bbench_(id|problem)\(/g, 'pg_temp.bench_$1('),
      [...values],
    );
    log(`  ${size.name}: ${rowCount} ${what} in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    return rows[0]?.id ?? '';
  };
  try {
    await client.query(functions);
    // Row level security binds the owner too.
    await client.query(
      "select set_config('waypost.tenant', $1, false), set_config('synchronous_commit', 'off', false)",
      [id],
    );
    // Before its jobs: the worker that runs beside would let go what an active channel holds.
    await client.query(`update channel set state = 'paused' where id = $1`, [paused]);
    await run('jobs', insertJobs, [id, size.finished, size.waiting, busy, lesser, paused]);
    await run('timeline entries', insertTimelines, [id]);
    await run('attempts', insertAttempts, [id]);
    await run('problems', insertProblems, [id]);
    await run('events', insertEvents, [id]);
    await run('deliveries', insertDeliveries, [id, webhookId, Math.round(size.finished / 2)]);
    const recipients = recipientsOf(size);
    const batchId = await run('large notification', insertLargeBatch, [id, recipients]);
    await run('recipients', insertRecipients, [id, batchId, recipients]);
    await run('errors', insertRecipientErrors, [id, batchId]);
    await run('callbacks', insertCallbacks, [id, batchId]);
    await client.query('update webhook set event_cursor = (select max(sequence) from event) where id = $1', [
      webhookId,
    ]);
  } finally {
    await client.end();
  }
}

/** As autovacuum does in time: the planner knows the tables, and index-only scans need not look at the rows. */
export async function settleTables(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('vacuum analyze');
    await client.query('checkpoint').catch(() => undefined);
  } finally {
    await client.end();
  }
}

/** Of a filled tenant, what the calls are about. */
export async function findSubjects(
  databaseUrl: string,
  { id, channelIds, webhookId }: Pick<SeededTenant, 'id' | 'channelIds' | 'webhookId'>,
): Promise<Subjects> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("select set_config('waypost.tenant', $1, false)", [id]);
    const find = async (condition: string) => {
      const text = `select id from job where ${condition} order by created_at desc limit 1`;
      return (await client.query<{ id: string }>(text)).rows[0]?.id ?? '';
    };
    return {
      channelIds,
      webhookId,
      batchId: await find("external_id = 'the-large-one'"),
      messageId: await find("attempts = 3 and kind = 'message'"),
      lastEvent: Number((await client.query<{ last: string }>('select last_event_sequence() as last')).rows[0]?.last),
    };
  } finally {
    await client.end();
  }
}

/** A tenant of the filled system, as many rows as it holds. */
export interface TenantSize {
  readonly name: string;
  readonly finished: number;
  readonly waiting: number;
}

/** One tenant that holds most of everything, and others that its size must not reach. In all 1,000,000 and 100,000. */
export const tenantSizes: readonly TenantSize[] = [
  { name: 'large', finished: 700_000, waiting: 70_000 },
  { name: 'middle', finished: 250_000, waiting: 25_000 },
  { name: 'small', finished: 50_000, waiting: 5_000 },
];

/** Of the one large notification of each tenant; the contract's most for the large one. */
export function recipientsOf({ finished }: TenantSize): number {
  return Math.min(100_000, finished / 5);
}

/** A share of it, to try the scenario out; never below what fills a few pages. */
export function scale(size: TenantSize, share: number): TenantSize {
  const of = (count: number) => Math.max(1_000, Math.round(count * share));
  return { ...size, finished: of(size.finished), waiting: of(size.waiting) };
}
