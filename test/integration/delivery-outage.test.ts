import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transactions } from '../../src/store/transactions.ts';
import { type DeliveryPlace, openDeliveryPlace } from '../support/delivery-place.ts';

let place: DeliveryPlace;
let owner: pg.Client;
beforeAll(async () => {
  place = await openDeliveryPlace();
  owner = new pg.Client({ connectionString: place.database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await place.close();
});

/** Ends every connection of the runtime role, as a restart of the server does. */
async function cutConnections(): Promise<number> {
  const ended = await owner.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`,
  );
  return ended.rowCount ?? 0;
}

/** A worker that calls `between` when Kernel's answer is known and not yet recorded. */
function workerThatLosesItsDatabase(between: () => Promise<unknown>) {
  return place.createWorker({
    http: {
      ...place.http,
      async request(call) {
        const outcome = await place.http.request(call);
        await between();
        return outcome;
      },
    },
  });
}

async function expectRecordedOnce(jobId: string): Promise<void> {
  expect(await place.find(jobId)).toMatchObject({ state: 'accepted', attempts: 1, possibleDuplicate: false });
  expect(await place.attemptsOf(jobId)).toMatchObject([{ number: 1, outcome: 'accepted' }]);
  expect(await place.timelineOf(jobId)).toEqual(['message.queued', 'message.accepted']);
  expect(await place.kpiOf(jobId)).toHaveLength(1);
  expect(place.sendsOf(jobId)).toHaveLength(1);
}

describe('a database that is lost between the send and its record', () => {
  it('costs nothing when it comes back: the answer is recorded, exactly once', async () => {
    const { id } = await place.accept(await place.addChannel());
    let cut = 0;
    const worker = workerThatLosesItsDatabase(async () => {
      cut += await cutConnections();
    });
    expect(await worker(id)).toMatchObject({ next: 'end', state: 'accepted' });
    expect(cut).toBeGreaterThan(0);
    await expectRecordedOnce(id);
  });

  it('costs nothing either where only the confirmation of the commit was lost', async () => {
    const { id } = await place.accept(await place.addChannel());
    let isLost = false;
    const transactions: Transactions = {
      ...place.stores.transactions,
      async withTenant(tenantId, work) {
        const result = await place.stores.transactions.withTenant(tenantId, work);
        const wasRecord = place.sendsOf(id).length === 1;
        if (!wasRecord || isLost) return result;
        isLost = true;
        throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
      },
    };
    const worker = place.createWorker({ stores: { ...place.stores, transactions } });
    expect(await worker(id)).toMatchObject({ next: 'end', state: 'accepted' });
    expect(isLost).toBe(true);
    await expectRecordedOnce(id);
    expect((await place.find(id)).providerMessageIds).toHaveLength(1);
  });

  it('that stays away too long leaves the attempt open, and the send is in doubt', async () => {
    const { id } = await place.accept(await place.addChannel());
    const away: Transactions = {
      ...place.stores.transactions,
      withTenant: (tenantId, work) =>
        place.sendsOf(id).length === 0
          ? place.stores.transactions.withTenant(tenantId, work)
          : Promise.reject(new Error('the schema is gone')),
    };
    const worker = place.createWorker({ stores: { ...place.stores, transactions: away } });
    await expect(worker(id)).rejects.toThrow('the schema is gone');
    expect(await place.attempt(id)).toMatchObject({ next: 'wait', errorCode: 'outcome_unknown' });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: true });
  });
});

describe('a database that is lost before the send', () => {
  it('fails the attempt before anything goes out, and the next one sends', async () => {
    const { id } = await place.accept(await place.addChannel());
    await place.attempt('msg_none'); // so that there are connections to lose
    await cutConnections();
    await place.attempt(id).catch(() => undefined); // whether the pool had noticed yet is the driver's affair
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 1, possibleDuplicate: false });
    expect(place.sendsOf(id)).toHaveLength(1);
  });
});
