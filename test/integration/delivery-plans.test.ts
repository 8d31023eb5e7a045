import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordCallbacks } from '../../src/store/deliveries.ts';
import type { Tx } from '../../src/store/transactions.ts';
import { updateResults } from '../../src/store/endpoint-deliveries.ts';
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

const result = { attempts: [], state: 'delivered', nextAttemptAt: null, error: null } as const;
const delivery = {
  id: 'dlv_1',
  jobId: null,
  eventId: 'evt_1',
  eventType: 'message.sent',
  body: '{}',
  attempts: [],
  earlierAttempts: 0,
  isStored: true,
};

describe('among 5,000 deliveries on which nobody has made statistics', () => {
  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    [
      'the answers to error callbacks are',
      (tx) =>
        recordCallbacks(
          tx,
          { tenantId: bench.tenantId, jobId: 'ntf_1' },
          [{ ...result, id: 'dlv_1', claimedAttempts: 1, problems: [] }],
          bench.now(),
        ),
    ],
    ['those of webhooks are', (tx) => updateResults(tx, [{ ...result, delivery }], bench.now())],
  ])('%s recorded by the primary key', async (_what, work) => {
    const plan = await bench.tx((tx) => plansOf(tx, work));
    expect(plan).toContain('delivery_pkey');
    expect(plan).not.toContain('Seq Scan on delivery');
  });
});
