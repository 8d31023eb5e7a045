import { describe, expect, it } from 'vitest';
import { createFairSemaphore } from '../../../src/concurrency/fair-semaphore.ts';

/** Takes for an owner as many as it gets. */
function takeAll(semaphore: ReturnType<typeof createFairSemaphore>, owner: string): (() => void)[] {
  const permits: (() => void)[] = [];
  for (let permit = semaphore.tryAcquire(owner); permit !== null; permit = semaphore.tryAcquire(owner))
    permits.push(permit);
  return permits;
}

describe('a fair semaphore', () => {
  it('gives an owner that is alone half of its permits, and each further one half of what is left', () => {
    const semaphore = createFairSemaphore(100);
    expect(['a', 'b', 'c'].map((owner) => takeAll(semaphore, owner).length)).toEqual([50, 25, 13]);
    expect(semaphore.free()).toBe(12);
  });

  it('comes to equal shares, with one left free, where those that ask always want more', () => {
    const semaphore = createFairSemaphore(100);
    const held = new Map(['a', 'b', 'c'].map((owner) => [owner, takeAll(semaphore, owner)]));
    for (let round = 0; round < 200; round += 1) {
      for (const permits of held.values()) permits.shift()?.();
      for (const [owner, permits] of [...held].toReversed()) permits.push(...takeAll(semaphore, owner));
    }
    for (const permits of held.values()) expect(permits.length).toBeGreaterThanOrEqual(24);
    expect(semaphore.free()).toBeGreaterThanOrEqual(24);
  });

  it('forgets owners that hold nothing, and gives one permit at least while one is free', () => {
    const semaphore = createFairSemaphore(1);
    const permit = semaphore.tryAcquire('a');
    expect(semaphore.tryAcquire('b')).toBeNull();
    permit?.();
    expect(semaphore.tryAcquire('b')).not.toBeNull();
  });
});
