import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateResults } from '../../src/store/delivery-results.ts';
import { claimDeliveries } from '../../src/store/endpoint-deliveries.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';
import { plansOf } from '../support/query-plans.ts';

// Went wrong: what was compared with the ids came out of JSON by a function that row level security does not trust, so each
// record of a few answers read the deliveries of everybody.
let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.asOwner(`
    set waypost.tenant = '${bench.tenantId}';
    insert into delivery (id, tenant_id, kind, url, body, created_at, updated_at)
    select 'dlv_' || i, '${bench.tenantId}', 'error_callback', 'https://erp.example.com', repeat('x', 600), now(), now()
    from generate_series(1, 5000) i`);
});
afterAll(() => bench.close());

const result = { attempts: [], state: 'delivered', nextAttemptAt: null, notBefore: null, error: null } as const;

describe('among 5,000 deliveries on which nobody has made statistics', () => {
  it('an answer is recorded by the primary key', async () => {
    const plan = await bench.tx((tx) =>
      plansOf(tx, (asked) =>
        updateResults(asked, [{ ...result, delivery: { id: 'dlv_1', attempts: [] } }], bench.now()),
      ),
    );
    expect(plan).toContain('delivery_pkey');
    expect(plan).not.toContain('Seq Scan on delivery');
  });
});

describe('among 6,000 due KPI events of one sink, on which nobody has made statistics', () => {
  // Went wrong: all of them were read, joined and sorted for each fifty that went out, and for each the others of the sink.
  it('fifty are claimed by reading little more than fifty', async () => {
    await bench.asOwner(`
      set waypost.tenant = '${bench.tenantId}';
      insert into job (id, tenant_id, kind, state, request, expires_at, created_at, updated_at)
      select 'msg_' || i, '${bench.tenantId}', 'message', 'read', '{}', now(), now(), now() from generate_series(1, 3000) i;
      insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, url, body, next_attempt_at, created_at, updated_at)
      select 'dlv_kpi_' || i || '_' || k, '${bench.tenantId}', 'kpi', 'msg_' || i, 'chn_sink', 'kpi_' || i || '_' || k,
        'https://sink.example.com', '{}', now() - interval '1 hour', now(), now()
      from generate_series(1, 3000) i, generate_series(1, 2) k`);
    const url = 'https://sink.example.com';
    const claim = { endpointId: 'chn_sink', url, publicUrl: '', limit: 50, leaseUntil: bench.now() };
    const plan = await bench.tx((tx) =>
      plansOf(tx, (asked) => claimDeliveries(asked, { ...claim, now: bench.now() }), 'analyze, buffers'),
    );
    const [, blocks] = /shared hit=(\d+)/.exec(plan) ?? [];
    expect(Number(blocks)).toBeLessThan(1_000);
    expect(plan).not.toContain('rows=6000');
  });
});
