import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

describe('purgeExpired', () => {
  it('goes on while there is more, and ends with what went', async () => {
    const script = {
      purgeExpired: [
        { purged: { jobs: 900 }, hasMore: true },
        { purged: { jobs: 7, events: 3 }, hasMore: false },
      ],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      expect(await (await start('purgeExpired')).result()).toEqual({ purged: { jobs: 907, events: 3 } });
      expect(calls).toHaveLength(2);
    });
  });

  it('counts on after it has left a full history', async () => {
    const script = { purgeExpired: [{ purged: { events: 1 }, hasMore: false }] };
    await place.withWorker(script, async ({ start }) => {
      expect(await (await start('purgeExpired', { events: 41 })).result()).toEqual({ purged: { events: 42 } });
    });
  });

  it('is tried again while it is stuck, and seen to be', async () => {
    const stuck = [new Error('away'), new Error('away'), { purged: {}, hasMore: false }];
    await place.withWorker({ purgeExpired: stuck }, async ({ start, calls }) => {
      expect(await (await start('purgeExpired')).result()).toEqual({ purged: {} });
      expect(calls).toHaveLength(3);
    });
  });
});
