import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { holdBatch, lockBatch, lockBatchProgress } from '../../src/store/batch-jobs.ts';
import type { Tx } from '../../src/store/transactions.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
let job: Job;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['ana']);
});
afterAll(() => bench.close());

/** Runs `work` while another transaction is open that has done `first`; it is committed once `work` waits or has ended. */
async function beside<T>(first: (tx: Tx) => Promise<unknown>, work: (tx: Tx) => Promise<T>) {
  let isDone = false;
  let hadToWait = false;
  let result: Promise<T> | undefined;
  await bench.tx(async (tx) => {
    await first(tx);
    result = bench.tx(work).finally(() => (isDone = true));
    await expect.poll(async () => isDone || (hadToWait = await isAnybodyWaiting(tx)), { timeout: 10_000 }).toBe(true);
  });
  return { result: await result, hadToWait };
}

async function isAnybodyWaiting(tx: Tx): Promise<boolean> {
  const rows = await tx.query<{ waiting: boolean }>({
    text: `select exists (select from pg_locks where not granted and pid <> pg_backend_pid()
      and pg_backend_pid() = any (pg_blocking_pids(pid))) as waiting`,
  });
  return rows[0]?.waiting === true;
}

const cancel = async (tx: Tx) => {
  await lockBatch(tx, job.id);
  await tx.execute({ text: "update job set state = 'cancelled', terminal = true where id = $1", values: [job.id] });
};
const countOne = async (tx: Tx) => {
  await lockBatchProgress(tx, job.id);
  await tx.execute({ text: 'update job set attempts = attempts + 1 where id = $1', values: [job.id] });
};

describe('who holds a batch', () => {
  it('does not wait for progress that is being written', async () => {
    job = await bench.accept([{ merchantId: 'm1', userIds: ['ana'] }]);
    const { result, hadToWait } = await beside(countOne, (tx) => holdBatch(tx, job.id));
    expect([hadToWait, result?.state]).toEqual([false, 'queued']);
  });

  it('waits for a cancel, and sees it, also where progress was written just before', async () => {
    const { result, hadToWait } = await beside(
      async (tx) => {
        await countOne(tx);
        await cancel(tx);
      },
      (tx) => holdBatch(tx, job.id),
    );
    expect([hadToWait, result?.state]).toEqual([true, 'cancelled']);
  });

  it('is waited for by a cancel', async () => {
    job = await bench.accept([{ merchantId: 'm1', userIds: ['ana'] }]);
    const { hadToWait } = await beside((tx) => holdBatch(tx, job.id), cancel);
    expect(hadToWait).toBe(true);
  });

  it('lets two who write progress wait for each other', async () => {
    const { hadToWait } = await beside(countOne, countOne);
    expect(hadToWait).toBe(true);
    expect((await bench.look(job)).attempts).toBe(2);
  });
});
