import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErasurePass } from '../../src/contracts/activities.ts';
import { countKind, durationMs, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const erasure = { tenantId: 'ten_1', erasureId: 'era_1' } as const;
const more: ErasurePass = { next: 'more', erasedJobs: 900, inFlight: 0 };
const waits: ErasurePass = { next: 'wait', erasedJobs: 900, inFlight: 2 };
const done: ErasurePass = { next: 'end', erasedJobs: 907, inFlight: 0 };

describe('eraseRecipient', () => {
  it('goes on at once while there is more, and ends when nothing is left', async () => {
    await place.withWorker({ eraseRecipient: [more, more, done] }, async ({ start, calls }) => {
      const handle = await start('eraseRecipient', erasure);
      expect(await handle.result()).toEqual({ state: 'complete', jobs: 907 });
      expect(calls.map(({ input }) => input)).toEqual([erasure, erasure, erasure]);
      expect(countKind(await handle.fetchHistory(), 'timerStarted')).toBe(0);
    });
  });

  it('waits for what is on the wire, longer each time', async () => {
    await place.withWorker({ eraseRecipient: [waits, waits, done] }, async ({ start }) => {
      const handle = await start('eraseRecipient', erasure);
      expect(await handle.result()).toEqual({ state: 'complete', jobs: 907 });
      const history = await handle.fetchHistory();
      expect(countKind(history, 'timerStarted')).toBe(2);
      expect(durationMs(history)).toBeGreaterThanOrEqual(15_000);
    });
  });

  it('leaves what never comes to rest to the sweep', async () => {
    await place.withWorker({ eraseRecipient: [waits] }, async ({ start, calls }) => {
      expect(await (await start('eraseRecipient', erasure)).result()).toEqual({
        state: 'left to the sweep',
        jobs: 900,
      });
      expect(calls).toHaveLength(9);
    });
  });

  it('outlives an outage of our own infrastructure', async () => {
    const script = { eraseRecipient: [new Error('away'), new Error('away'), done] };
    await place.withWorker(script, async ({ start }) => {
      expect(await (await start('eraseRecipient', erasure)).result()).toMatchObject({ state: 'complete' });
    });
  });
});
