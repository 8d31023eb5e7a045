import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listJobs } from '../../src/store/job-lists.ts';
import { findJob, lockJob } from '../../src/store/jobs.ts';
import type { Tx } from '../../src/store/transactions.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

/** A message that Kernel refused once and then took, and that was delivered. */
async function deliverAtSecondTry(): Promise<string> {
  const channelId = await place.addChannel();
  const { id } = await place.accept(channelId, { to: '+34600000501' });
  place.kernel.script('+34600000501', [{ answer: { status: 503 } }]);
  await place.deliver(id);
  const wamid = place.sendsOf(id)[1]?.wamid ?? '';
  await place.tell(channelId, { wamid, status: 'sent' }, { wamid, status: 'delivered' });
  return id;
}

describe('what is recorded of a message', () => {
  it('is one KPI event for each error and outcome, in order, with every member', async () => {
    const id = await deliverAtSecondTry();
    const kpi = await place.kpiOf(id);
    expect(kpi.map(({ event, attempt, recoverable, willRetry }) => [event, attempt, recoverable, willRetry])).toEqual([
      ['kernel_error', 1, true, true],
      ['accepted', 2, null, false],
      ['delivered', 2, null, false],
    ]);
    for (const value of kpi) {
      expect(value).toMatchObject({ jobId: id, to: '+34600000501', numRetries: 5, correlationId: 'req_1' });
      expect(Object.values(value)).not.toContain(undefined);
      expect(Object.keys(value)).toHaveLength(18);
    }
  });

  it('is no KPI event where there is nobody to tell', async () => {
    const { id } = await place.accept(await place.addChannel({ botUrl: null, kpiUrl: null }));
    await place.deliver(id);
    expect(await place.kpiOf(id)).toEqual([]);
  });

  it('is an event for each state, with the job as it then was', async () => {
    const id = await deliverAtSecondTry();
    const events = await place.rows<{ type: string; data: { state: string; error: object | null } }>(
      'select type, data from event where job_id = $1 order by sequence',
      [id],
    );
    expect(events.map(({ type, data }) => [type, data.state])).toEqual([
      ['message.retry_scheduled', 'held'],
      ['message.accepted', 'accepted'],
      ['message.sent', 'sent'],
      ['message.delivered', 'delivered'],
    ]);
    expect(events[0]?.data.error).toMatchObject({ code: 'kernel_http_error' });
  });

  it('holds the same bytes of a problem on the job, the attempt, the problem itself and in the event', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 0, countOutages: true }), {
      to: '+34600000502',
    });
    place.kernel.script('+34600000502', [{ answer: { status: 503, body: { error: { message: 'ñ "x" \\ \u2028' } } } }]);
    await place.deliver(id);
    const [bytes] = await place.rows<{ job: string; attempt: string; problem: string; event: string; id: string }>(
      `select j.error::text as job, a.problem::text as attempt, p.document::text as problem, p.id,
        (e.data -> 'error')::text as event
      from job j join attempt a on a.job_id = j.id join problem p on p.job_id = j.id
        join event e on e.job_id = j.id and e.type = 'message.failed'
      where j.id = $1`,
      [id],
    );
    expect(bytes?.attempt).toBe(bytes?.job);
    expect(bytes?.problem).toBe(bytes?.job);
    expect(bytes?.event).toBe(bytes?.job);
    expect((await place.find(id)).error?.instance).toBe(`/v1/problems/${bytes?.id}`);
  });

  it('has no secret in it', async () => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000503' });
    place.kernel.script('+34600000503', [{ answer: { status: 400, body: { error: { message: 'Bearer token' } } } }]);
    await place.deliver(id);
    const [attempt] = await place.rows<{ all: string }>('select attempt::text as all from attempt where job_id = $1', [
      id,
    ]);
    expect(attempt?.all).not.toContain('Bearer token');
  });
});

describe('another tenant', () => {
  it('sees nothing of a message, and changes nothing of it', async () => {
    const id = await deliverAtSecondTry();
    const stranger = await place.addTenant();
    const asStranger = <T>(work: (tx: Tx) => Promise<T>) => place.stores.transactions.withTenant(stranger, work);
    expect(await asStranger((tx) => findJob(tx, id))).toBeNull();
    expect(await asStranger((tx) => lockJob(tx, id))).toBeNull();
    expect(await asStranger((tx) => listJobs(tx, {}, { limit: 10, after: null }))).toEqual({
      rows: [],
      lookedUpTo: null,
    });
    const tables = ['job', 'attempt', 'message_part', 'provider_status', 'problem', 'timeline_entry', 'event'];
    for (const table of [...tables, 'delivery', 'channel']) {
      expect(await asStranger((tx) => tx.query({ text: `select 1 from ${table}` })), table).toEqual([]);
      expect(await asStranger((tx) => tx.execute({ text: `delete from ${table}` })), table).toBe(0);
    }
    expect(await place.applyStatuses(stranger, (await place.find(id)).channelId ?? '', [])).toMatchObject({
      applied: 0,
    });
    await expect(place.control.cancel(stranger, id)).rejects.toThrow(`There is no job ${id}.`);
    expect(await place.find(id)).toMatchObject({ state: 'delivered' });
  });

  it('is not served where no tenant is set: no table with a tenant has a row', async () => {
    await deliverAtSecondTry();
    const tables = await place.stores.transactions.acrossTenants((tx) =>
      tx.query<{ name: string }>({
        text: "select table_name as name from information_schema.columns where column_name = 'tenant_id'",
      }),
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await place.stores.transactions.acrossTenants((tx) => tx.query({ text: `select 1 from ${name}` }));
      expect(rows, name).toEqual([]);
    }
  });
});
