import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const retry = (body: object) => test.call('POST /v1/jobs/retry', { body });

async function insertFailed(id: string, externalId: string, tenantId = test.tenantId): Promise<void> {
  await test.database.transactions.withTenant(tenantId, (tx) =>
    tx.execute({
      text: `insert into job (id, tenant_id, kind, state, terminal, external_id, request, expires_at, created_at, updated_at)
        values ($1, $2, 'message', 'failed', true, $3, '{}', now() + interval '1 hour', now(), now())`,
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
        retried: 0,
        hasMore: false,
        ratePerSecond: 50,
        lastStartsAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    expect((await test.call('GET /v1/jobs/msg_1')).at('state')).toBe('failed');
    expect((await retry({ filter, ratePerSecond: 1 })).body).toMatchObject({
      matched: 2,
      retried: 2,
      ratePerSecond: 1,
    });
    const job = await test.call('GET /v1/jobs/msg_2');
    expect(job.body).toMatchObject({ state: 'scheduled', error: null, waitingFor: { reason: 'schedule' } });
    expect((await test.call('GET /v1/jobs/msg_2/timeline')).at('data.0.type')).toBe('job.retried');
    expect((await retry({ filter })).body).toMatchObject({ matched: 0, retried: 0, lastStartsAt: null });
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
