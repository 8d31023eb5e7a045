import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const retry = (body: object) => test.call('POST /v1/jobs/retry', { body });

async function insertFailed(id: string, externalId: string, tenantId = test.tenantId): Promise<void> {
  await test.database.transactions.withTenant(tenantId, (tx) =>
    tx.execute({
      text: `insert into job (id, tenant_id, kind, state, terminal, external_id, request, expires_at, created_at, updated_at, finished_at)
        values ($1, $2, 'message', 'failed', true, $3, '{}', now() + interval '1 hour', now(), now(), now())`,
      values: [id, tenantId, externalId],
    }),
  );
}

describe('POST /v1/jobs/retry', () => {
  it('counts, then runs again, then finds nothing', async () => {
    for (const id of ['msg_1', 'msg_2']) await insertFailed(id, 'order-1');
    const filter = { externalId: 'order-1', kind: 'message', createdAfter: '2020-01-01T00:00:00Z' };
    const counted = await retry({ filter, dryRun: true });
    expect([counted.status, counted.body]).toEqual([
      200,
      {
        dryRun: true,
        matched: 2,
        done: 0,
        skipped: [],
        hasMore: false,
        ratePerSecond: 50,
        lastStartsAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    expect((await test.call('GET /v1/jobs/msg_1')).at('state')).toBe('failed');
    expect((await retry({ filter, ratePerSecond: 1 })).body).toMatchObject({
      matched: 2,
      done: 2,
      ratePerSecond: 1,
    });
    const job = await test.call('GET /v1/jobs/msg_2');
    expect(job.body).toMatchObject({ state: 'scheduled', error: null, waitingFor: { reason: 'schedule' } });
    expect((await test.call('GET /v1/jobs/msg_2/timeline')).at('data.0.type')).toBe('job.retried');
    expect((await retry({ filter })).body).toMatchObject({ matched: 0, done: 0, lastStartsAt: null });
  });

  it('refuses an empty filter, an unknown member and a pace that is none', async () => {
    expect(refusalOf(await retry({ filter: {} }))).toEqual([422, 'invalid_request', '/filter']);
    expect(refusalOf(await retry({}))).toEqual([422, 'invalid_request', '/filter']);
    expect((await retry({ filter: { colour: 'red' } })).status).toBe(422);
    for (const ratePerSecond of [0, 1_001, -1]) {
      const answer = await retry({ filter: { state: 'failed' }, ratePerSecond });
      expect(refusalOf(answer)).toEqual([422, 'invalid_request', '/ratePerSecond']);
    }
  });

  it("needs its scope, and never reaches another tenant's jobs", async () => {
    const other = await test.makeTenant();
    await insertFailed('msg_other', 'order-2', other.id);
    expect((await retry({ filter: { externalId: 'order-2' } })).body).toMatchObject({ matched: 0 });
    const made = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    const key = String(made.at('apiKey') ?? made.at('key'));
    const refused = await test.call('POST /v1/jobs/retry', { body: { filter: { state: 'failed' } }, key });
    expect(refused.status).toBe(403);
  });
});

describe('POST /v1/jobs/{id}/retry', () => {
  // It took no body: an `expiresAt` was ignored.
  it('lives until the time that its body names, by default as long again as at first', async () => {
    for (const id of ['msg_7', 'msg_8']) await insertFailed(id, 'order-7');
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const named = await test.call('POST /v1/jobs/msg_7/retry', { body: { expiresAt } });
    expect([named.status, named.at('expiresAt')]).toEqual([200, expiresAt]);
    const before = Date.now();
    const again = await test.call('POST /v1/jobs/msg_8/retry');
    expect(again.status).toBe(200);
    expect(Date.parse(String(again.at('expiresAt'))) - before).toBeGreaterThanOrEqual(3_599_000);
  });

  it.each([{ expiresAt: '2020-01-01T00:00:00Z' }, { expiresAt: '9000-01-01T00:00:00Z' }, { expiresAt: 'soon' }])(
    'refuses %j and leaves the job as it is',
    async (body) => {
      await insertFailed(`msg_${body.expiresAt}`, 'order-8');
      const refused = await test.call(`POST /v1/jobs/msg_${body.expiresAt}/retry`, { body });
      expect(refusalOf(refused)).toEqual([422, 'invalid_request', '/expiresAt']);
      expect((await test.call(`GET /v1/jobs/msg_${body.expiresAt}`)).at('state')).toBe('failed');
    },
  );
});

describe('POST /v1/jobs/cancel', () => {
  const cancel = (body: object, key?: string) => test.call('POST /v1/jobs/cancel', { body, ...(key && { key }) });

  async function insertStanding(id: string, label: string, state: string): Promise<void> {
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({
        text: `insert into job (id, tenant_id, kind, state, terminal, label, request, expires_at, wake_at, created_at, updated_at)
          values ($1, $2, 'message', $3, $3 in ('read', 'failed'), $4, '{}', now() + interval '1 hour', now(), now(), now())`,
        values: [id, test.tenantId, state, label],
      }),
    );
  }

  it('counts, then cancels what is not out, then finds nothing', async () => {
    for (const [id, state] of [
      ['msg_c1', 'scheduled'],
      ['msg_c2', 'held'],
      ['msg_c3', 'sending'],
      ['msg_c4', 'accepted'],
      ['msg_c5', 'read'],
    ] as const)
      await insertStanding(id, 'spring', state);
    await insertStanding('msg_c6', 'autumn', 'scheduled');
    const filter = { label: 'spring', createdAfter: '2020-01-01T00:00:00Z' };
    const counted = await cancel({ filter, dryRun: true });
    expect([counted.status, counted.body]).toEqual([
      200,
      { matched: 3, done: 0, skipped: [], dryRun: true, hasMore: false },
    ]);
    expect((await test.call('GET /v1/jobs/msg_c1')).at('state')).toBe('scheduled');
    const done = { matched: 3, done: 2, skipped: [{ reason: 'too_late', count: 1 }], dryRun: false, hasMore: false };
    expect((await cancel({ filter })).body).toEqual(done);
    expect((await test.call('GET /v1/jobs/msg_c2')).body).toMatchObject({ state: 'cancelled', error: null });
    expect((await test.call('GET /v1/jobs/msg_c2/timeline')).at('data.0.type')).toBe('message.cancelled');
    expect((await test.call('GET /v1/jobs/msg_c6')).at('state')).toBe('scheduled');
    expect((await cancel({ filter })).body).toEqual({ ...done, matched: 1, done: 0 });
    const audited = await test.call('GET /v1/audit?action=jobs.cancelled');
    expect([audited.at('data.0.changed'), audited.at('data.1')]).toEqual([['createdAfter', 'label'], undefined]);
  });

  it('takes a campaign by its label, which a batch gives to those of its messages that have none', async () => {
    await test.call('POST /v1/channels', { body: aWhatsappChannel() });
    await test.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com' } });
    const message = { to: '+34600111222', activity: { type: 'message', text: 'Hi' }, sendAt: inAnHour() };
    const messages = [
      message,
      { ...message, label: 'other' },
      { ...message, label: null },
      { ...message, to: 'nobody' },
    ];
    const batch = await test.call('POST /v1/messages/batch', { body: { messages, label: 'winter' } });
    expect([0, 1, 2].map((index) => batch.at(`data.${index}.label`))).toEqual(['winter', 'other', 'winter']);
    const notification = { type: 'PUSH_NOTIFICATION', integration: 'erp', label: 'winter', sendAt: inAnHour() };
    expect((await test.call('POST /v1/notifications', { body: notification })).at('label')).toBe('winter');
    expect((await test.call('POST /v1/messages', { body: message })).at('label')).toBeNull();
    for (const body of [
      { ...message, label: 'x'.repeat(65) },
      { ...message, label: '' },
    ]) {
      expect(refusalOf(await test.call('POST /v1/messages', { body }))).toEqual([422, 'invalid_request', '/label']);
    }
    const left = await test.call('GET /v1/jobs/summary?label=winter&groupBy=label');
    expect(left.at('data.0')).toMatchObject({ label: 'winter', count: 3 });
    expect((await cancel({ filter: { label: 'winter' } })).body).toMatchObject({ matched: 3, done: 3 });
    expect((await test.call('GET /v1/jobs?label=winter&state=scheduled')).at('data')).toEqual([]);
    expect((await test.call('GET /v1/jobs?label=other')).at('data.0.state')).toBe('scheduled');
  });

  it('refuses an empty filter and an unknown member, and needs its scope', async () => {
    expect(refusalOf(await cancel({ filter: {} }))).toEqual([422, 'invalid_request', '/filter']);
    expect(refusalOf(await cancel({}))).toEqual([422, 'invalid_request', '/filter']);
    expect((await cancel({ filter: { label: 'spring' }, ratePerSecond: 5 })).status).toBe(422);
    const made = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    expect((await cancel({ filter: { label: 'spring' } }, String(made.at('apiKey')))).status).toBe(403);
  });
});
