import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ends, escalates, refuses, waits } from '../support/fake-activities.ts';
import { eventKinds, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const inbound = { tenantId: 'ten_1', jobId: 'inb_1' };
const job = { ...inbound, retries: 'temporal' } as const;
const hourMs = 3_600_000;

describe('relayInbound', () => {
  it('tells a message that the bot takes in one workflow task', async () => {
    await place.withWorker({ relayToBot: [ends('completed')] }, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toEqual({ state: 'completed', attempts: 1 });
      expect(calls.map(({ input }) => input)).toEqual([{ ...inbound, isFastPath: true }]);
      expect(eventKinds(await handle.fetchHistory())).toHaveLength(7);
    });
  });

  it('waits for a bot that is away as a pending activity', async () => {
    const script = { relayToBot: [waits(hourMs), refuses(hourMs), refuses(hourMs), ends('completed', null, 3)] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toEqual({ state: 'completed', attempts: 3 });
      expect(calls.map(({ input }) => input['isFastPath'])).toEqual([true, false, false, false]);
      expect((await handle.fetchHistory()).events).toHaveLength(14);
    });
  });

  it.each([
    ['the bot has no room on the fast path', escalates],
    ['our own infrastructure fails it', ApplicationFailure.create({ type: 'outage', message: 'away' })],
  ])('goes on as an ordinary activity where %s', async (_, first) => {
    const script = { relayToBot: [first, first, first, ends('completed')] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayInbound', job);
      expect(await handle.result()).toMatchObject({ state: 'completed' });
      expect(calls.at(-1)?.input['isFastPath']).toBe(false);
    });
  });
});
