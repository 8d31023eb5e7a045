import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const delivery = { tenantId: 'ten_1', deliveryId: 'dlv_1' } as const;

describe('replayDelivery', () => {
  it('makes one attempt, and ends with what came of it', async () => {
    await place.withWorker({ sendReplay: [{ state: 'failed' }] }, async ({ start, calls }) => {
      expect(await (await start('replayDelivery', delivery)).result()).toEqual({ state: 'failed' });
      expect(calls.map(({ input }) => input)).toEqual([delivery]);
    });
  });

  it('outlives an outage of our own infrastructure', async () => {
    const script = { sendReplay: [new Error('away'), new Error('away'), { state: 'delivered' }] };
    await place.withWorker(script, async ({ start, calls }) => {
      expect(await (await start('replayDelivery', delivery)).result()).toEqual({ state: 'delivered' });
      expect(calls).toHaveLength(3);
    });
  });
});
