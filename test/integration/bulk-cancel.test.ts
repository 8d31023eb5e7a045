import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobFilter } from '../../src/store/job-filter.ts';
import { createCancelJobs } from '../../src/usecases/cancel-jobs.ts';
import { aCaller } from '../support/a-caller.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let channelId: string;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});
afterAll(() => place.close());

describe('a bulk cancel', () => {
  const cancel = (filter: JobFilter) =>
    createCancelJobs({ ...place.stores, clock: place.clock })(aCaller(place.tenantId), { filter, dryRun: false });

  it('lets no one of a conversation go whose turn would come by it', async () => {
    const paced = await place.addChannel();
    const members = { conversationId: 'talk', label: 'stop' };
    const ids: string[] = [];
    for (let count = 0; count < 250; count += 1) ids.push((await place.accept(paced, members)).id);
    const kept = await place.accept(paced, { conversationId: 'talk' });
    expect(await cancel({ label: 'stop' })).toEqual({ matched: 250, done: 250, skipped: [], hasMore: false });
    const states = await place.rows('select distinct state from job where id = any ($1)', [ids]);
    expect(states).toEqual([{ state: 'cancelled' }]);
    const woken = place.woken.map(({ id }) => id);
    expect(woken.filter((id) => ids.slice(1).includes(id))).toEqual([]);
    expect(woken).toContain(kept.id);
    expect(await place.deliver(kept.id)).toMatchObject({ state: 'accepted' });
  });

  // Two calls over one conversation waited for each other: Postgres ended one of them, which was answered with 503 halfway.
  it('makes a page again that gave way to another transaction', async () => {
    const job = await place.accept(channelId, { label: 'circle' });
    const { transactions } = place.stores;
    const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });
    let calls = 0;
    const withTenant: typeof transactions.withTenant = async (tenantId, work) => {
      calls += 1;
      if (calls === 2) throw deadlock;
      return transactions.withTenant(tenantId, work);
    };
    const cancelJobs = createCancelJobs({
      ...place.stores,
      transactions: { ...transactions, withTenant },
      clock: place.clock,
    });
    const filter = { label: 'circle' };
    const outcome = await cancelJobs(aCaller(place.tenantId), { filter, dryRun: false });
    expect(outcome).toEqual({ matched: 1, done: 1, skipped: [], hasMore: false });
    expect((await place.find(job.id)).state).toBe('cancelled');
  });

  it('leaves what somebody else is changing, which still matches', async () => {
    const [one, other] = [
      await place.accept(channelId, { label: 'held' }),
      await place.accept(channelId, { label: 'held' }),
    ];
    await place.stores.transactions.withTenant(place.tenantId, async (tx) => {
      await tx.query({ text: 'select 1 from job where id = $1 for update', values: [one.id] });
      expect(await cancel({ label: 'held' })).toMatchObject({
        matched: 2,
        done: 1,
        skipped: [{ reason: 'busy', count: 1 }],
      });
    });
    expect((await place.find(other.id)).state).toBe('cancelled');
    expect(await cancel({ label: 'held' })).toMatchObject({ matched: 1, done: 1, skipped: [] });
  });
});
