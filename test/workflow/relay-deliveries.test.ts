import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countKind, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const endpoint = { tenantId: 'ten_1', kind: 'webhook', endpointId: 'whk_1' } as const;

describe('relayDeliveries', () => {
  it('goes on while there is work, ends when there is none, and waits for nothing', async () => {
    const script = {
      relayDeliveries: [
        { delivered: 90, hasMore: true },
        { delivered: 7, hasMore: false },
      ],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayDeliveries', endpoint);
      expect(await handle.result()).toEqual({ delivered: 97 });
      expect(calls.map(({ input }) => input)).toEqual([endpoint, endpoint]);
      const history = await handle.fetchHistory();
      expect(countKind(history, 'timerStarted')).toBe(0);
      // Six a batch, however many deliveries are in it.
      expect(history.events?.length).toBeLessThanOrEqual(17);
    });
  });

  it('outlives an outage of our own infrastructure', async () => {
    const script = { relayDeliveries: [new Error('away'), new Error('away'), { delivered: 1, hasMore: false }] };
    await place.withWorker(script, async ({ start }) => {
      expect(await (await start('relayDeliveries', endpoint)).result()).toEqual({ delivered: 1 });
    });
  });
});
