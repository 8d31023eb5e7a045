import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createFaultBound } from '../../src/activities/fault-bound.ts';
import { maxFaults } from '../../src/domain/internal-fault.ts';
import { createKeptFaults } from '../support/fault-log.ts';
import { openNotificationFixture } from '../support/notification-fixture.ts';
import { publicUrl } from '../support/worker-fixture.ts';

// An activity of a batch that failed in the same way each time was tried for hours, and the batch said `queued`.

describe('a batch that meets the same fault at each try', () => {
  it('fails with internal_error after a few, and its workflow with it', async () => {
    const bench = await openNotificationFixture();
    try {
      await bench.register('m-1', ['u-1']);
      const job = await bench.accept([{ merchantId: 'm-1', userIds: ['u-1'] }]);
      const { faultLog, reports } = createKeptFaults();
      const bound = createFaultBound({ stores: bench.stores, faultLog, publicUrl, clock: () => bench.now() });
      const openBatch = bound.ofBatch(() => Promise.reject(new TypeError('the same at each try')));
      const reference = { tenantId: bench.tenantId, jobId: job.id };
      const run = () => new MockActivityEnvironment().run((input: typeof reference) => openBatch(input), reference);
      for (let tries = 1; tries < maxFaults; tries += 1) await expect(run()).rejects.toThrow(TypeError);
      expect(await bench.look(job)).toMatchObject({ state: 'queued', internalFaults: maxFaults - 1 });
      await expect(run()).rejects.toMatchObject({ type: 'internal_error', nonRetryable: true });
      expect(await bench.look(job)).toMatchObject({
        state: 'failed',
        terminal: true,
        error: { code: 'internal_error' },
      });
      expect(reports).toHaveLength(maxFaults);
    } finally {
      await bench.close();
    }
  });

  it('begins to count anew when an activity has come through', async () => {
    const bench = await openNotificationFixture();
    try {
      const job = await bench.accept([{ merchantId: 'm-1', userIds: ['u-1'] }]);
      const bound = createFaultBound({
        stores: bench.stores,
        faultLog: createKeptFaults().faultLog,
        publicUrl,
        clock: () => bench.now(),
      });
      let isBroken = true;
      const activity = bound.ofBatch(async () => {
        if (isBroken) throw new TypeError('once');
      });
      const reference = { tenantId: bench.tenantId, jobId: job.id };
      const run = (attempt: number) =>
        new MockActivityEnvironment({ attempt }).run((input: typeof reference) => activity(input), reference);
      await expect(run(1)).rejects.toThrow('once');
      expect(await bench.look(job)).toMatchObject({ internalFaults: 1 });
      isBroken = false;
      await run(2);
      expect(await bench.look(job)).toMatchObject({ internalFaults: 0 });
    } finally {
      await bench.close();
    }
  });
});
