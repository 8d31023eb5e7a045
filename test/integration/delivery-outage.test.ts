import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Transactions } from '../../src/store/transactions.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let owner: pg.Client;
beforeAll(async () => {
  place = await openDeliveryFixture();
  owner = new pg.Client({ connectionString: place.database.url });
  await owner.connect();
});
afterEach(() => setReadOnly('off'));
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

/** Parts of a worker that calls `between` when Kernel's answer is known and not yet recorded. */
function losingTheDatabase(between: () => Promise<unknown>) {
  return {
    http: {
      ...place.http,
      async request(call: Parameters<typeof place.http.request>[0]) {
        const outcome = await place.http.request(call);
        await between();
        return outcome;
      },
    },
  };
}

function workerThatLosesItsDatabase(between: () => Promise<unknown>) {
  return place.createWorker(losingTheDatabase(between));
}

/** As a standby is: every session that is opened from now on. Those that are open are cut. */
async function makeReadOnly(): Promise<void> {
  await setReadOnly('on');
  await cutConnections();
}

async function setReadOnly(value: 'on' | 'off'): Promise<void> {
  const name = new URL(place.database.url).pathname.slice(1);
  await owner.query(`alter database ${name} set default_transaction_read_only = ${value}`);
}

function setShortLockTimeout(client: pg.PoolClient): void {
  void client.query('set lock_timeout = 200');
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

  // 25006 was taken for a statement that is wrong, so the answer was dropped and the message went out twice. The pool kept
  // its sessions to the server that had become a standby, and lent them out again.
  it('costs nothing when the server has become read-only and another one takes over', async () => {
    const { id } = await place.accept(await place.addChannel());
    const afterwards: Promise<unknown>[] = [];
    const worker = workerThatLosesItsDatabase(async () => {
      await makeReadOnly();
      // Work that only reads does not notice: the pool is full of such sessions. The first round meets those that were cut.
      await Promise.allSettled(Array.from({ length: 20 }, () => place.rows('select pg_sleep(0.1)')));
      await Promise.all(Array.from({ length: 20 }, () => place.rows('select pg_sleep(0.1)')));
      afterwards.push(sleep(700).then(() => setReadOnly('off')));
    });
    expect(await worker(id)).toMatchObject({ next: 'end', state: 'accepted' });
    await Promise.all(afterwards);
    await expectRecordedOnce(id);
    const writable = await Promise.all(
      Array.from({ length: 20 }, () => place.rows<{ value: string }>('show transaction_read_only')),
    );
    expect(new Set(writable.flat().map((row) => Object.values(row)[0]))).toEqual(new Set(['off']));
  });

  // 55P03 was taken for a statement that is wrong as well.
  it('costs nothing when another session holds the row for longer than a try for its lock', async () => {
    const { id } = await place.accept(await place.addChannel());
    place.database.pool.on('acquire', setShortLockTimeout);
    const afterwards: Promise<unknown>[] = [];
    const worker = workerThatLosesItsDatabase(async () => {
      await cutConnections();
      await owner.query('begin');
      await owner.query('select 1 from job where id = $1 for update', [id]);
      afterwards.push(sleep(900).then(() => owner.query('rollback')));
    });
    try {
      expect(await worker(id)).toMatchObject({ next: 'end', state: 'accepted' });
    } finally {
      place.database.pool.off('acquire', setShortLockTimeout);
      await Promise.all(afterwards);
    }
    await expectRecordedOnce(id);
  });

  // The wait between two tries was cut by the cancellation that a worker's shutdown sends.
  it('costs nothing when the worker is told to shut down meanwhile', async () => {
    const { id } = await place.accept(await place.addChannel());
    const environment = new MockActivityEnvironment();
    const afterwards: Promise<unknown>[] = [];
    const worker = place.makeActivities(
      losingTheDatabase(async () => {
        await makeReadOnly();
        environment.cancel('WORKER_SHUTDOWN');
        afterwards.push(sleep(700).then(() => setReadOnly('off')));
      }),
    );
    const step = await environment.run(() =>
      worker.attemptDelivery({ tenantId: place.tenantId, jobId: id, isFastPath: true }),
    );
    expect(step).toMatchObject({ next: 'end', state: 'accepted' });
    await Promise.all(afterwards);
    await expectRecordedOnce(id);
  });

  it('that stays away too long leaves the attempt open, and the send is in doubt', async () => {
    const { id } = await place.accept(await place.addChannel());
    const worker = place.createWorker({ stores: place.createDyingStores() });
    await expect(worker(id)).rejects.toThrow('the process was killed');
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
