import { ApplicationFailure } from '@temporalio/common';
import type { Context } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { createFairSemaphore } from '../../../src/concurrency/fair-semaphore.ts';
import { shareSlots } from '../../../src/temporal/share-slots.ts';

/** A queue whose activities end when they are told to. */
function openQueue(slots: number) {
  const share = shareSlots(createFairSemaphore(slots));
  const ends: (() => void)[] = [];
  const run = async (tenantId: string | null, { isLocal = false, attempt = 1 } = {}): Promise<unknown> => {
    // Of an activity's context only this is looked at.
    const { inbound } = share({ info: { isLocal, attempt } } as Context);
    const input = { args: tenantId === null ? [] : [{ tenantId }], headers: {} };
    return inbound?.execute?.(input, () => new Promise((resolve) => void ends.push(() => resolve('done'))));
  };
  return { run, ends };
}

// Pages that waited for the directory of one tenant held every slot of the main queue, and nobody's notification went on.
describe('the activity slots of a queue', () => {
  it('are shared: a tenant whose activities hang has no more than its share, and the next tenant gets one at once', async () => {
    const { run, ends } = openQueue(4);
    const hanging = [run('ten_a'), run('ten_a')];
    await expect(run('ten_a')).rejects.toMatchObject({ type: 'tenant_share', category: 'BENIGN', nonRetryable: false });
    const other = run('ten_b');
    ends[2]?.();
    expect(await other).toBe('done');
    ends[0]?.();
    expect(await hanging[0]).toBe('done');
    hanging.push(run('ten_a'));
    expect(ends).toHaveLength(4);
  });

  it('are asked for again later and later, each refused one at its own time', async () => {
    const { run } = openQueue(1);
    void run('ten_a');
    const waits: number[] = [];
    for (const attempt of [1, 2, 3, 50]) {
      const refusal = await run('ten_a', { attempt }).catch((error: unknown) => error);
      waits.push(refusal instanceof ApplicationFailure ? Number(refusal.nextRetryDelay) : 0);
    }
    for (const [at, longest] of [500, 1_000, 2_000, 10_000].entries()) {
      expect(waits[at]).toBeGreaterThanOrEqual(longest / 2);
      expect(waits[at]).toBeLessThanOrEqual(longest);
    }
  });

  it('are not what a local activity has, nor what is nobody’s asks for', async () => {
    const { run, ends } = openQueue(1);
    void run('ten_a');
    void run('ten_a', { isLocal: true });
    void run(null);
    await Promise.resolve();
    expect(ends).toHaveLength(3);
  });
});
