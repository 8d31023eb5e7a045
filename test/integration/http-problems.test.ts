import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;

beforeAll(async () => {
  test = await startTestApp();
});

afterAll(async () => {
  await test.close();
});

async function storeProblem(id: string, code: string, occurredAt: string): Promise<void> {
  const document = {
    type: `https://waypost.test/problems/${code}`,
    title: code,
    status: 503,
    detail: 'd',
    instance: `https://waypost.test/v1/problems/${id}`,
    code,
    source: 'kernel',
    class: 'transient',
    recoverable: true,
    scope: null,
    attempt: 1,
    jobId: null,
    requestId: null,
    tenantId: test.tenantId,
    occurredAt,
    nextAttemptAt: null,
    provider: null,
    errors: [],
  };
  await test.dependencies.transactions.withTenant(test.tenantId, (tx) =>
    tx.execute({
      text: `insert into problem (id, tenant_id, code, source, class, occurred_at, document)
        values ($1, $2, $3, 'kernel', 'transient', $4, $5)`,
      values: [id, test.tenantId, code, occurredAt, JSON.stringify(document)],
    }),
  );
}

describe("the tenant's problem documents", () => {
  beforeAll(async () => {
    await storeProblem('prb_a', 'kernel_timeout', '2026-01-01T00:00:00.000Z');
    await storeProblem('prb_b', 'kernel_unreachable', '2026-01-02T00:00:00.000Z');
    await storeProblem('prb_c', 'kernel_timeout', '2026-01-03T00:00:00.000Z');
  });

  it('are listed newest first, page by page', async () => {
    const first = await test.call('GET /v1/problems?limit=2');
    expect([first.at('data.0.instance'), first.at('data.1.instance')]).toEqual([
      'https://waypost.test/v1/problems/prb_c',
      'https://waypost.test/v1/problems/prb_b',
    ]);
    const second = await test.call(`GET /v1/problems?limit=2&cursor=${String(first.at('nextCursor'))}`);
    expect(second.at('data.0.instance')).toBe('https://waypost.test/v1/problems/prb_a');
    expect(second.at('nextCursor')).toBe(null);
  });

  it('are narrowed by code and time', async () => {
    const answer = await test.call('GET /v1/problems?code=kernel_timeout&createdAfter=2026-01-02T00:00:00Z');
    expect(answer.at('data.0.instance')).toBe('https://waypost.test/v1/problems/prb_c');
    expect(answer.at('data.1')).toBe(undefined);
  });

  it('are never rewritten: the role of api and worker may not', async () => {
    const change = test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({ text: "update problem set code = 'other'" }),
    );
    await expect(change).rejects.toThrow(/permission denied/);
  });

  it('are counted by code', async () => {
    expect((await test.call('GET /v1/problems/summary?groupBy=code')).body).toEqual({
      countedSince: null,
      data: [
        { code: 'kernel_timeout', count: 2, lastAt: '2026-01-03T00:00:00.000Z' },
        { code: 'kernel_unreachable', count: 1, lastAt: '2026-01-02T00:00:00.000Z' },
      ],
    });
  });

  it('are not shown to another tenant', async () => {
    const other = await test.makeTenant();
    expect((await test.call('GET /v1/problems', { key: other.key })).at('data')).toEqual([]);
    expect((await test.call('GET /v1/problems/summary', { key: other.key })).at('data')).toEqual([]);
  });
});
