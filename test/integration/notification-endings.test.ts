import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { cancelBatch, retryBatch } from '../../src/domain/notification/control.ts';
import { lockBatch } from '../../src/store/batch-jobs.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['u1', 'u2', 'u3', 'u4']);
});
afterAll(() => bench.close());

async function change(job: Job, decide: typeof cancelBatch): Promise<void> {
  await bench.tx(async (tx) => {
    const locked = await lockBatch(tx, job.id);
    const decided = locked === null ? null : decide(locked, bench.now());
    if (locked === null || decided === null) throw new Error('the job cannot be changed');
    await bench.stores.writeJobChange(tx, { job: locked, change: decided, now: bench.now() });
  });
}

async function eventsOf(job: Job): Promise<string[]> {
  const rows = await bench.tx((tx) =>
    tx.query<{ type: string }>({
      text: 'select type from event where job_id = $1 order by sequence',
      values: [job.id],
    }),
  );
  return rows.map((row) => row.type);
}

function referenceOf(job: Job) {
  return { tenantId: bench.tenantId, jobId: job.id };
}

describe('the end of a batch', () => {
  it('by cancel stops whoever is not done, and no later page saves anything', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'u2', 'u3', 'nobody'] }]);
    await bench.activities.openBatch(referenceOf(job));
    await bench.activities.processPage({ ...referenceOf(job), fromOrdinal: 0, size: 1 });
    await change(job, cancelBatch);
    const late = await bench.activities.processPage({ ...referenceOf(job), fromOrdinal: 1, size: 1 });
    expect(late).toEqual({ done: 0, isCancelled: true });
    expect(await bench.activities.prepareErrorCallbacks(referenceOf(job))).toEqual({ callbacks: 0 });
    expect(await bench.activities.closeBatch(referenceOf(job))).toMatchObject({ state: 'cancelled', failure: null });
    expect(await bench.look(job)).toMatchObject({
      state: 'cancelled',
      error: null,
      counts: { delivered: 1, pending: 0 },
    });
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual([
      'delivered',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    expect(await eventsOf(job)).toEqual(['notification.cancelled']);
  });

  it('by cancel while the integrator is away leaves no callback on its way', async () => {
    bench.integrator.answer = () => ({ status: 503 });
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }]);
    const reference = referenceOf(job);
    await bench.activities.openBatch(reference);
    await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 10 });
    await bench.activities.prepareErrorCallbacks(reference);
    expect(await bench.activities.sendErrorCallbacks(reference)).toMatchObject({ pending: 1 });
    expect((await bench.look(job)).waitingFor).toMatchObject({ reason: 'integrator' });
    await change(job, cancelBatch);
    bench.pass(60_000);
    expect(await bench.activities.sendErrorCallbacks(reference)).toEqual({ pending: 0, nextDueMs: null });
    expect(await bench.deliveries(job)).toMatchObject([
      { state: 'failed', nextAttemptAt: null, error: { code: 'cancelled' } },
    ]);
    bench.integrator.answer = () => ({ status: 200 });
  });

  it('by its time-to-live cancels the rest and says expired', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'u2'] }], {
      expiresAt: new Date(bench.now().getTime() + 60_000),
    });
    const reference = referenceOf(job);
    await bench.activities.openBatch(reference);
    await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 1 });
    bench.pass(61_000);
    expect(await bench.activities.processPage({ ...reference, fromOrdinal: 1, size: 1 })).toMatchObject({
      isCancelled: true,
    });
    expect(await bench.activities.closeBatch(reference)).toMatchObject({
      state: 'expired',
      errorCode: 'expired',
      // Its workflow completed, green, where that of an expired message fails.
      failure: { code: 'expired' },
    });
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual(['delivered', 'cancelled']);
    expect(await eventsOf(job)).toEqual(['notification.expired']);
  });

  it('is no expiry where all are done and only the integrator is waited for, also after another workflow took over', async () => {
    bench.integrator.answer = () => ({ status: 503 });
    const expiresAt = new Date(bench.now().getTime() + 60_000);
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1', 'nobody'] }], { expiresAt });
    const reference = referenceOf(job);
    await bench.activities.openBatch(reference);
    await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 10 });
    await bench.activities.prepareErrorCallbacks(reference);
    expect(await bench.activities.sendErrorCallbacks(reference)).toMatchObject({ pending: 1 });
    bench.pass(61_000);
    bench.integrator.answer = () => ({ status: 200 });
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 1 });
    expect(await bench.deliveries(job)).toMatchObject([{ state: 'delivered' }]);
  });

  it('does not come before its beginning: a scheduled batch is left alone until its time', async () => {
    const sendAt = new Date(bench.now().getTime() + 3_600_000);
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u1'] }], { sendAt });
    expect(job).toMatchObject({
      state: 'scheduled',
      wakeAt: sendAt,
      waitingFor: { reason: 'schedule', until: sendAt },
    });
    expect(await bench.run(job)).toMatchObject({ state: 'scheduled', failure: null });
    bench.pass(3_600_001);
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 1 });
  });

  it('is told again, unchanged, when it is asked for again', async () => {
    const job = await bench.accept([]);
    const first = await bench.run(job);
    bench.pass(1_000);
    const record = await bench.look(job);
    expect(await bench.activities.closeBatch(referenceOf(job))).toEqual(first);
    expect(await bench.look(job)).toEqual(record);
    expect(await eventsOf(job)).toEqual(['notification.failed']);
  });

  it('can be followed by a retry, which reaches those who were not reached and reports anew', async () => {
    const job = await bench.accept(
      [
        { merchantId: 'm9', userIds: ['x', 'y'] },
        { merchantId: 'm1', userIds: ['u4'] },
      ],
      {
        expiresAt: new Date(bench.now().getTime() + 1_000),
      },
    );
    await bench.activities.openBatch(referenceOf(job));
    await bench.activities.processPage({ ...referenceOf(job), fromOrdinal: 0, size: 2 });
    bench.pass(2_000);
    await bench.run(job);
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual(['failed', 'failed', 'cancelled']);
    await bench.register('m9', ['x']);
    await change(job, retryBatch);
    await bench.run(job);
    expect(await bench.look(job)).toMatchObject({
      state: 'completed_with_errors',
      counts: { recipients: 3, delivered: 2, failed: 1, pending: 0, failedMerchants: 0 },
    });
    const told = bench.integrator.received.filter(({ body }) => body.requestId === job.id);
    expect(told.map(({ body }) => body.errors[0]?.code)).toEqual(['no_active_user_for_merchant']);
  });

  it('with errors can be followed by a retry, which repeats what failed and nothing else', async () => {
    // It was refused: who was not reached by a batch that had reached somebody could be reached by a new one only.
    const job = await bench.accept([
      { merchantId: 'm8', userIds: ['late'] },
      { merchantId: 'm1', userIds: ['u1'] },
    ]);
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 1 });
    const [, reached] = await bench.recipients(job);
    await bench.register('m8', ['late']);
    await change(job, retryBatch);
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 2, failed: 0 });
    expect((await bench.recipients(job))[1]).toEqual(reached);
    expect(bench.integrator.received.filter(({ body }) => body.requestId === job.id)).toHaveLength(1);
  });
});
