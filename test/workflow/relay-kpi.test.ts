import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import { poll } from '../support/poll.ts';
import { countKind, durationMs, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const channel = { tenantId: 'ten_1', channelId: 'chn_1' } as const;
const empty = { delivered: 0, nextDueMs: null };
const hourMs = 3_600_000;

describe('relayKpi', () => {
  it('ends when the outbox is empty, and says how many it relayed', async () => {
    const script = {
      relayKpiEvents: [
        { delivered: 50, nextDueMs: 0 },
        { delivered: 7, nextDueMs: null },
      ],
    };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('relayKpi', channel);
      expect(await handle.result()).toEqual({ delivered: 57 });
      expect(calls.map(({ input }) => input)).toEqual([channel, channel]);
      expect(countKind(await handle.fetchHistory(), 'timerStarted')).toBe(0);
    });
  });

  it('waits for a sink that is down, by the schedule of the outbox', async () => {
    await place.withWorker({ relayKpiEvents: [{ delivered: 0, nextDueMs: hourMs }, empty] }, async (run) => {
      const handle = await run.start('relayKpi', channel);
      await handle.result();
      expect(Math.round(durationMs(await handle.fetchHistory()) / hourMs)).toBe(1);
      expect(run.calls).toHaveLength(2);
    });
  });

  it('is woken from its wait by a signal', async () => {
    const script = { relayKpiEvents: [{ delivered: 0, nextDueMs: 20 * hourMs }, empty] };
    await place.withWorker(script, async ({ start }) => {
      const handle = await start('relayKpi', channel);
      const look = async () => countKind(await handle.fetchHistory(), 'timerStarted');
      await poll({ what: 'the wait for the sink', look, isDone: (timers) => timers > 0, timeoutMs: 20_000 });
      await handle.signal(wakeSignal);
      expect(await handle.result()).toEqual({ delivered: 0 });
      expect(countKind(await handle.fetchHistory(), 'timerFired')).toBe(0);
    });
  });

  it('outlives an outage of our own infrastructure', async () => {
    const script = { relayKpiEvents: [new Error('away'), new Error('away'), { delivered: 1, nextDueMs: null }] };
    await place.withWorker(script, async ({ start }) => {
      expect(await (await start('relayKpi', channel)).result()).toEqual({ delivered: 1 });
    });
  });
});
