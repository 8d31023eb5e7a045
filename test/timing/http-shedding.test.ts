import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tx } from '../../src/store/transactions.ts';
import { countLaterOfTenant, countWaitingOfTenant } from '../../src/store/waiting-jobs.ts';
import { createAdmissionControl } from '../../src/usecases/admission-control.ts';
import { testAdmissionLimits } from '../support/app-dependencies.ts';
import { aMessage } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { signCallback } from '../support/signed-callback.ts';
import { aWhatsappChannel, type CallOptions, startTestApp, type TestApp } from '../support/test-app.ts';

interface Tenant {
  readonly id: string;
  readonly key: string;
}

const { waitingJobs: maxWaitingJobs } = testAdmissionLimits;
let test: TestApp;
let owner: pg.Client;
let crowded: Tenant;
let channelId: string;

beforeAll(async () => {
  test = await startTestApp();
  owner = new pg.Client({ connectionString: test.database.url });
  await owner.connect();
});
beforeEach(async () => {
  crowded = await test.makeTenant();
  channelId = await setUp(crowded);
});
afterAll(async () => {
  await owner.end();
  await test.close();
});

async function setUp({ key }: Tenant): Promise<string> {
  await test.call('POST /v1/integrations', { key, body: { name: 'erp', url: 'https://erp.example.com/' } });
  return String((await test.call('POST /v1/channels', { key, body: aWhatsappChannel() })).at('id'));
}

/** Rows as an acceptance leaves them; `wakeAt` and `state` say what they wait for. */
async function store(
  tenant: Tenant,
  count: number,
  { state = 'queued', wakeAt = "now() - interval '1 second'", waitingReason = 'null' } = {},
): Promise<void> {
  await owner.query(`select set_config('waypost.tenant', '${tenant.id}', false)`);
  await owner.query(`
    insert into job (id, tenant_id, kind, state, waiting_reason, request, wake_at, expires_at, created_at, updated_at)
    select 'msg_' || md5(random()::text || i), '${tenant.id}', 'message', '${state}', ${waitingReason}, '{}', ${wakeAt},
      now() + interval '1 day', now(), now()
    from generate_series(1, ${count}) i`);
}

async function takeUp(tenant: Tenant, count: number): Promise<void> {
  await owner.query(`select set_config('waypost.tenant', '${tenant.id}', false)`);
  await owner.query(`
    update job set state = 'sending', wake_at = now() + interval '18 seconds'
    where id in (select id from job where state = 'queued' limit ${count})`);
}

const notification = {
  type: 'USER_CENTER_NOTIFICATION',
  integration: 'erp',
  titleI18n: { en: 'a' },
  messageI18n: { en: 'b' },
  receivers: [{ merchantId: 'm', userIds: ['u'] }],
};
const { type: _type, integration: _integration, ...envelope } = notification;
const creating: readonly [route: string, body: () => unknown, status: number][] = [
  ['POST /v1/messages', () => aMessage(), 202],
  ['POST /v1/messages/batch', () => ({ messages: [aMessage(), aMessage()] }), 202],
  ['POST /v1/notifications', () => notification, 202],
  ['POST /webhooks/integration/erp/webhooktype/USER_CENTER_NOTIFICATION', () => envelope, 200],
  ['POST /v1/jobs/retry', () => ({ filter: { state: 'failed' } }), 200],
];
const send = (tenant: Tenant, options: CallOptions = {}) =>
  test.call('POST /v1/messages', { key: tenant.key, body: aMessage(), ...options });

describe('a tenant of whom too many jobs wait', () => {
  it.each(creating)('is refused by %s until they are taken up, and nobody else is', async (route, body, status) => {
    await store(crowded, maxWaitingJobs + 1);
    const answer = await test.call(route, { key: crowded.key, body: body() });
    expect([answer.status, answer.at('code'), answer.headers['retry-after']]).toEqual([
      429,
      'too_many_waiting_jobs',
      '5',
    ]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const other = await test.makeTenant();
    await setUp(other);
    expect((await test.call(route, { key: other.key, body: body() })).status).toBe(status);

    await takeUp(crowded, 200);
    const look = () => test.call(route, { key: crowded.key, body: body() });
    await poll({ what: 'room', look, isDone: (seen) => seen.status === status, timeoutMs: 5_000 });
  });

  it('is told apart to the last job', async () => {
    await store(crowded, maxWaitingJobs - 1);
    expect((await send(crowded)).status).toBe(202);
    expect((await send(crowded)).status).toBe(429);
  });

  it('has its batch taken whole where there is room for the first', async () => {
    await store(crowded, maxWaitingJobs - 1);
    const body = { messages: Array.from({ length: 20 }, () => aMessage()) };
    expect((await test.call('POST /v1/messages/batch', { key: crowded.key, body })).status).toBe(202);
    expect((await test.call('POST /v1/messages/batch', { key: crowded.key, body })).status).toBe(429);
  });

  it('goes above the bound by no race of many at once', async () => {
    await store(crowded, maxWaitingJobs - 10);
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(crowded)));
    const accepted = answers.filter(({ status }) => status === 202).length;
    expect(accepted).toBeLessThanOrEqual(10);
    expect(accepted).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status !== 202 && status !== 429)).toEqual([]);
  });

  it('gets the first answer again for a key that it used before', async () => {
    const options = { body: aMessage(), headers: { 'idempotency-key': 'before' } };
    const first = await send(crowded, options);
    await store(crowded, maxWaitingJobs);
    // The count of a quiet tenant may be some seconds old.
    const look = () => send(crowded);
    await poll({ what: 'a refusal', look, isDone: ({ status }) => status === 429, timeoutMs: 15_000 });
    const again = await send(crowded, options);
    expect([again.status, again.at('id'), again.headers['idempotency-replayed']]).toEqual([
      202,
      first.at('id'),
      'true',
    ]);
  });

  it('keeps no key of what was refused', async () => {
    const options = { body: aMessage(), headers: { 'idempotency-key': 'refused' } };
    await store(crowded, maxWaitingJobs);
    expect((await send(crowded, options)).status).toBe(429);
    await takeUp(crowded, 100);
    const look = () => send(crowded, options);
    const answer = await poll({ what: 'room', look, isDone: ({ status }) => status === 202, timeoutMs: 5_000 });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });

  it('still hears what its users and its bot say', async () => {
    await store(crowded, maxWaitingJobs + 1);
    expect((await send(crowded)).status).toBe(429);
    const { appSecret, phoneNumberId } = aWhatsappChannel();
    const value = {
      metadata: { phone_number_id: phoneNumberId },
      messages: [
        { from: '34600111222', id: 'wamid.heard', timestamp: '1700000000', type: 'text', text: { body: 'a' } },
      ],
    };
    const body = Buffer.from(
      JSON.stringify({ object: 'whatsapp_business_account', entry: [{ changes: [{ field: 'messages', value }] }] }),
    );
    const route = `POST /v1/channels/${channelId}/callbacks`;
    const heard = await test.call(route, { key: null, body, headers: signCallback(body, appSecret) });
    expect(heard.status).toBe(200);
    const rows = await test.database.transactions.withTenant(crowded.id, (tx) =>
      tx.query({ text: "select 1 from job where kind = 'inbound'" }),
    );
    expect(rows).toHaveLength(1);
  });

  it('is counted for the operator', async () => {
    const countOf = async () =>
      Number(
        /requests_shed_total\{reason="waiting_jobs"\} (\d+)/.exec((await test.call('GET /metrics')).text)?.[1] ?? -1,
      );
    const before = await countOf();
    await store(crowded, maxWaitingJobs);
    await send(crowded);
    expect((await countOf()) - before).toBe(1);
  });
});

describe('a tenant whose jobs wait for something else', () => {
  it.each([
    ['for later', { state: 'scheduled', wakeAt: "now() + interval '3 seconds'" }],
    ['for their turn', { state: 'held', wakeAt: 'null', waitingReason: "'turn'" }],
    ['for their channel', { state: 'held', wakeAt: "now() + interval '1 day'", waitingReason: "'channel_paused'" }],
    ['for their rate', { state: 'held', wakeAt: "now() + interval '5 seconds'", waitingReason: "'rate_limit'" }],
    ['for nothing, as they are being sent', { state: 'sending', wakeAt: 'now()' }],
  ])('is not refused: %s', async (_name, rows) => {
    await store(crowded, maxWaitingJobs + 1, rows);
    expect((await send(crowded)).status).toBe(202);
  });
});

describe('the count', () => {
  /** Runs `work` in a transaction of the crowded tenant; what it asks is shown to `see`. */
  const spy = async (
    see: (statement: Parameters<Tx['query']>[0], tx: Tx) => Promise<void>,
    work: (tx: Tx) => unknown,
  ) =>
    test.database.transactions.withTenant(crowded.id, async (tx) =>
      work({
        ...tx,
        async query(statement) {
          await see(statement, tx);
          return tx.query(statement);
        },
      }),
    );

  it('is not made for each message of a quiet tenant', async () => {
    const room = createAdmissionControl({ limits: testAdmissionLimits, nowMs: () => 0 });
    const asked: (string | undefined)[] = [];
    for (let sent = 0; sent < 150; sent += 1) {
      const leave = await spy(
        async ({ name }) => void asked.push(name),
        (tx) => room.enter(tx, crowded.id, 1),
      );
      (leave as (isCommitted: boolean) => void)(true);
    }
    expect(asked).toEqual(['count-waiting-of-tenant']);
  });

  it.each([
    ['waits', {}, countWaitingOfTenant, /Index Scan using job_due[^\n]+\n\s+Index Cond: [^\n]+ <= \(now/],
    [
      'is scheduled or held',
      { state: 'held', wakeAt: "now() + i * interval '1 second'" },
      countLaterOfTenant,
      /Index Scan (using|on) job_due[^\n]+\n\s+Index Cond: [^\n]+ > \(now/,
    ],
  ] as const)('walks the index of what %s, among 100,000 of two tenants', async (_what, rows, count, cond) => {
    const other = await test.makeTenant();
    await store(other, 50_000, rows);
    await store(crowded, 50_000, rows);
    await owner.query('analyze job');
    const plan: string[] = [];
    await spy(
      async ({ text, values }, tx) => {
        const explained = { text: `explain (analyze, buffers) ${text}`, ...(values !== undefined && { values }) };
        const explanation = await tx.query<Record<string, string>>(explained);
        plan.push(...explanation.map((row) => row['QUERY PLAN'] ?? ''));
      },
      (tx) => count(tx, crowded.id, maxWaitingJobs),
    );
    expect(plan.join('\n')).toMatch(cond);
    expect(plan.join('\n')).not.toContain('Sort');
  });
});
