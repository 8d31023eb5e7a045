import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeWorkflowId } from '../../src/contracts/workflows.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, runSql } from '../support/product-fixture.ts';

let place: Product;
beforeAll(async () => {
  place = await openProduct();
  await place.startApi();
});
afterAll(async () => {
  await place.close();
});

const overdue = /waypost_retention_overdue_seconds\{rule="events"\} (\S+)/;

describe('what is older than its retention', () => {
  it('is shown by the metrics, and goes by a workflow that a worker starts', async () => {
    const tenant = await place.makeTenant();
    const count = async () =>
      Number((await runSql(place.databaseUrl, 'select count(*) as left from event', tenant.tenantId))[0]?.['left']);
    await runSql(
      place.databaseUrl,
      `insert into event (id, tenant_id, type, data, created_at)
        select 'evt_' || n, '${tenant.tenantId}', 'message.read', '{}', now() - interval '32 days' from generate_series(1, 2500) n`,
      tenant.tenantId,
    );
    const shown = async (url: string) => Number(overdue.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    expect(await shown(place.apiUrl)).toBeGreaterThan(86_400);
    const worker = await place.startWorker();
    await poll({ what: 'old events are gone', look: count, isDone: (left) => left === 0, timeoutMs: 30_000 });
    await place.temporal.waitForEnd(purgeWorkflowId);
    expect([await shown(place.apiUrl), await shown(worker.url)]).toEqual([0, 0]);
  });
});
