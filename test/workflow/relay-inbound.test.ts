import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ends, escalates, waits } from '../support/fake-activities.ts';
import { countKind, eventKinds, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const job = { tenantId: 'ten_1', jobId: 'inb_1' };
const hourMs = 3_600_000;

describe('relayInbound', () => {
  it('tells a message that the bot takes in one workflow task', async () => {
    await place.withWorker({ attemptRelay: [ends('completed')] }, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toEqual({ state: 'completed', attempts: 1 });
      expect(calls.map(({ input }) => input)).toEqual([{ ...job, isFastPath: true }]);
      expect(eventKinds(await handle.fetchHistory())).toHaveLength(7);
    });
  });

  it('waits for a bot that is away on durable timers', async () => {
    const script = { attemptRelay: [waits(hourMs), waits(hourMs, { attempts: 2 }), ends('completed', null, 3)] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toEqual({ state: 'completed', attempts: 3 });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, false, false]);
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(2);
    });
  });

  it.each([
    ['the bot has no room on the fast path', escalates],
    ['our own infrastructure fails it', ApplicationFailure.create({ type: 'outage', message: 'away' })],
  ])('goes on as an ordinary activity where %s', async (_, first) => {
    const script = { attemptRelay: [first, first, first, ends('completed')] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toMatchObject({ state: 'completed' });
      expect(calls.at(-1)?.input['isFastPath']).toBe(false);
    });
  });
});
