import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leaseDueJobs, leadSweeps } from '../../src/store/cross-tenant.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let owner: pg.Client;
let crowded: string;
let quiet: string;

beforeAll(async () => {
  place = await openDeliveryFixture();
  owner = new pg.Client({ connectionString: place.database.url });
  await owner.connect();
  await owner.query("set waypost.cross_tenant = 'on'");
  crowded = place.tenantId;
  quiet = await place.addTenant();
});
beforeEach(() => owner.query('truncate job cascade'));
afterAll(async () => {
  await owner.end();
  await place.close();
});

async function inTenant(tenantId: string, text: string): Promise<void> {
  await place.stores.transactions.withTenant(tenantId, async (tx) => tx.execute({ text }));
}

/** So many due messages, the first of them due for the longest. */
async function makeDue(tenantId: string, count: number, { name = 'due', origin = 'api', more = '' } = {}) {
  await inTenant(
    tenantId,
    `insert into job (id, tenant_id, kind, state, origin, request, expires_at, wake_at, created_at, updated_at)
      select '${tenantId}-${name}-' || n, '${tenantId}', 'message', 'queued', '${origin}', '{}',
        now() + interval '1 day', now() - interval '1 hour' + n * interval '1 millisecond', now(), now()
      from generate_series(1, ${count}) n ${more}`,
  );
}

const lease = (limit: number) =>
  place.stores.transactions.acrossTenants((tx) => leaseDueJobs(tx, { limit, leaseSeconds: 10 }));

describe('leasing due jobs', () => {
  it('gives each tenant with due work an equal share, whatever its backlog', async () => {
    // One global queue by time: 10,000 due messages of one tenant stood before one of another.
    await makeDue(crowded, 1_000);
    await inTenant(crowded, "update job set wake_at = wake_at - interval '1 day'");
    await makeDue(quiet, 1);
    const leased = await lease(100);
    expect(leased.filter(({ tenantId }) => tenantId === quiet)).toHaveLength(1);
    expect(leased.filter(({ tenantId }) => tenantId === crowded)).toHaveLength(50);
    expect((await lease(100)).every(({ tenantId }) => tenantId === crowded)).toBe(true);
  });

  it('takes what answers a person before the tenant’s other jobs', async () => {
    await makeDue(crowded, 500);
    await makeDue(crowded, 3, { name: 'answer', origin: 'bot' });
    await inTenant(crowded, "update job set wake_at = now() where origin = 'bot'");
    const leased = await lease(10);
    expect(leased.filter(({ isAnswer }) => isAnswer)).toHaveLength(3);
    expect(leased).toHaveLength(10);
    expect(leased.every(({ isFirstAttempt, isWake }) => isFirstAttempt && !isWake)).toBe(true);
  });

  it('takes each job once, however many lease at the same moment', async () => {
    await makeDue(crowded, 200);
    await makeDue(quiet, 200);
    const leased = (await Promise.all(Array.from({ length: 6 }, () => lease(100)))).flat().map(({ id }) => id);
    expect(new Set(leased).size).toBe(leased.length);
    while ((await lease(100)).length > 0);
    expect(await lease(100)).toEqual([]);
  });

  it('leaves out a job whose row cannot be written, and no other', async () => {
    // A trigger that raised for one due row made every lease fail: no tenant's due job was started any more.
    await makeDue(crowded, 3);
    await makeDue(quiet, 2);
    const poisoned = `${crowded}-due-1`;
    await owner.query(
      `create function refuse_row() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create trigger refuse_row before update on job for each row when (old.id = '${poisoned}')
        execute function refuse_row()`,
    );
    try {
      const leased = (await lease(100)).map(({ id }) => id);
      expect(leased.toSorted()).toEqual(
        [`${crowded}-due-2`, `${crowded}-due-3`, `${quiet}-due-1`, `${quiet}-due-2`].toSorted(),
      );
      expect(await lease(100)).toEqual([]);
    } finally {
      await owner.query('drop function refuse_row cascade');
    }
  });

  it('is counted against nobody that waits for its channel and is about to expire', async () => {
    // 64 held jobs within ten seconds of their expiry were taken for started ones, and no sweep leased anything.
    await makeDue(crowded, 200);
    await inTenant(
      crowded,
      `update job set state = 'held', waiting_reason = 'channel_paused', expires_at = now() + interval '5 seconds',
        wake_at = now() + interval '5 seconds'`,
    );
    await makeDue(quiet, 1);
    expect((await lease(100)).map(({ tenantId }) => tenantId)).toEqual([quiet]);
  });

  it('reads no more than a share of a large backlog', async () => {
    for (let part = 0; part < 4; part += 1) await makeDue(crowded, 5_000, { name: `part-${part}` });
    await makeDue(quiet, 1);
    await owner.query('analyze job');
    await owner.query('select pg_stat_force_next_flush()');
    await owner.query('begin');
    const { rows: leased } = await owner.query('select * from lease_due_jobs(200, 10)');
    const { rows } = await owner.query<{ read: number; scans: number }>(
      `select seq_scan::integer as scans, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read
        from pg_stat_xact_user_tables where relname = 'job'`,
    );
    await owner.query('rollback');
    expect(leased).toHaveLength(101);
    expect(rows[0]?.scans).toBe(0);
    // A share for each tenant, read once to choose and once to write.
    expect(rows[0]?.read).toBeLessThan(1_000);
  });
});

describe('the leader of the sweeps', () => {
  const lead = (name: string, seconds: number) =>
    place.stores.transactions.acrossTenants((tx) => leadSweeps(tx, name, seconds));

  it('is one, until it gives up or is not heard of any more', async () => {
    expect(await lead('one', 60)).toBe(true);
    expect(await lead('two', 60)).toBe(false);
    expect(await lead('one', 0)).toBe(true);
    expect(await lead('two', 0.2)).toBe(true);
    expect(await lead('one', 60)).toBe(false);
    await expect.poll(() => lead('one', 60), { timeout: 5_000 }).toBe(true);
  });
});
