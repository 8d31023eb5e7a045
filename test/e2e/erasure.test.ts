import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aNumber, type Caller } from '../support/caller.ts';
import { findInTables } from '../support/find-in-tables.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, runSql, type RunningProcess } from '../support/product-fixture.ts';

let place: Product;
let tenant: Caller & { readonly tenantId: string };
let worker: RunningProcess;

beforeAll(async () => {
  place = await borrowProduct();
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
});
afterAll(async () => {
  await place.close();
});

interface Erasure {
  readonly complete: boolean;
  readonly erased: { readonly messages: number };
  readonly remains: readonly { readonly what: string }[];
}

const oldMessages = 8_000;
/** Temporal gives a dead worker's activity to another one after 15 s, and an interrupted send is in doubt for 18 s. */
const takeOverMs = 90_000;

describe('the erasure of a number with many messages', () => {
  it('goes on where a killed worker left it, and takes the message that was on the wire', async () => {
    const channel = await place.makeChannel(tenant, { ambiguousPolicy: 'fail' });
    const to = aNumber();
    await runSql(
      place.databaseUrl,
      `insert into job (id, tenant_id, kind, state, terminal, channel_id, recipient, request, expires_at, created_at, updated_at, finished_at)
        select 'msg_old' || n, '${tenant.tenantId}', 'message', 'read', true, '${channel.id}', '${to}', '{}', now(), now(), now(), now()
        from generate_series(1, ${oldMessages}) n`,
      tenant.tenantId,
    );
    place.kernel.script(to, [{ answer: { fault: 'hang' }, callbacks: [] }]);
    const { id } = await tenant.send({ to, channelId: channel.id });
    await poll({
      what: 'Kernel has the send',
      look: () => place.kernel.sends.countSends(id),
      isDone: (count) => count === 1,
      timeoutMs: 20_000,
    });

    const first = await tenant.ask<Erasure>(`DELETE /v1/recipients/${to}`);
    expect(first.complete).toBe(false);
    expect(first.erased.messages).toBeLessThan(oldMessages);
    const [row] = await runSql(place.databaseUrl, 'select id from recipient_erasure', tenant.tenantId);
    const count = async () => Number((await countJobs(to))[0]?.['left']);
    const atAnswer = oldMessages - first.erased.messages;
    await poll({
      what: 'the worker erases',
      look: count,
      isDone: (left) => left < atAnswer,
      timeoutMs: 20_000,
    });
    await worker.kill();
    expect(await count()).toBeGreaterThan(1);
    worker = await place.startWorker();

    const done = await poll({
      what: 'everything is erased',
      look: () => runSql(place.databaseUrl, 'select 1 from recipient_erasure', tenant.tenantId),
      isDone: (rows) => rows.length === 0,
      timeoutMs: takeOverMs,
    });
    expect(done).toEqual([]);
    await place.temporal.waitForEnd(String(row?.['id']));
    expect(await findInTables(place.databaseUrl, tenant.tenantId, to.slice(1))).toEqual([]);
    expect(await tenant.ask<Erasure>(`DELETE /v1/recipients/${to}`)).toMatchObject({
      complete: true,
      erased: { messages: 0 },
    });
    expect(place.kernel.sends.countSends(id)).toBe(1);
  });

  const countJobs = (to: string) =>
    runSql(place.databaseUrl, `select count(*) as left from job where recipient = '${to}'`, tenant.tenantId);
});
