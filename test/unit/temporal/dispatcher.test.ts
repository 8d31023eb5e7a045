import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobStart } from '../../../src/domain/job-start.ts';
import { createDispatcher } from '../../../src/temporal/dispatcher.ts';
import { aStart, starts } from '../../support/a-start.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A dispatcher over an engine that takes every start in 5 ms, and whose workers claim what the test says. */
function openEngine({ messagesPerWorkflow = 50, isTemporalUp = (): boolean => true } = {}) {
  const started: { readonly tenantId: string; readonly ids: readonly string[]; readonly priority: string }[] = [];
  const claimed = new Set<string>();
  const looks: number[] = [];
  let isDatabaseUp = true;
  const take = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return isTemporalUp();
  };
  const dispatcher = createDispatcher({
    starter: {
      start: ({ id, tenantId }, priority) => {
        started.push({ tenantId, ids: [id], priority });
        return take();
      },
      startPage: ({ tenantId, jobIds }, priority) => {
        started.push({ tenantId, ids: jobIds, priority });
        return take();
      },
    },
    findUnclaimed: async (ids) => {
      looks.push(ids.length);
      if (!isDatabaseUp) throw new Error('the database is away');
      return new Set(ids.filter((id) => !claimed.has(id)));
    },
    messagesPerWorkflow,
    nowMs: Date.now,
  });
  return {
    ...dispatcher,
    started,
    looks,
    claim: (ids: readonly string[]) => ids.forEach((id) => claimed.add(id)),
    claimAll: () => started.forEach(({ ids }) => ids.forEach((id) => claimed.add(id))),
    loseDatabase: () => void (isDatabaseUp = false),
    addOne: (id: string, members: Partial<JobStart> = {}) => dispatcher.add([aStart(id, members)]),
  };
}

describe('the dispatcher', () => {
  it('starts each message by itself, at once, while workers keep up', async () => {
    const engine = openEngine();
    for (let n = 0; n < 5; n += 1) {
      engine.addOne(`m${n}`);
      // No timer: only the answer to whether the ones before were claimed.
      await vi.advanceTimersByTimeAsync(0);
      expect(engine.started.at(-1)?.ids).toEqual([`m${n}`]);
      await vi.advanceTimersByTimeAsync(40);
      engine.claimAll();
    }
    expect(engine.started).toHaveLength(5);
  });

  it('asks nobody for what was claimed as long as there are free places', async () => {
    const engine = openEngine();
    for (const id of ['m0', 'm1']) engine.addOne(id);
    await vi.advanceTimersByTimeAsync(200);
    expect(engine.started).toHaveLength(2);
    expect(engine.looks).toEqual([]);
  });

  it('lets pages form while nothing is claimed, and goes on as soon as something is', async () => {
    const engine = openEngine();
    for (let n = 0; n < 100; n += 1) engine.addOne(`m${n}`);
    await vi.advanceTimersByTimeAsync(500);
    // Half of the places are one tenant's: the other half stays free for the next to come.
    expect(engine.started.every(({ ids }) => ids.length === 1)).toBe(true);
    const singles = engine.started.length;
    expect(singles).toBe(2);
    expect(engine.queueLength()).toBe(100 - singles);
    engine.claim(['m0', 'm1']);
    await vi.advanceTimersByTimeAsync(100);
    expect(engine.started.slice(singles).map(({ ids }) => ids.length)).toEqual([50, 48]);
    expect(engine.queueLength()).toBe(0);
  });

  it('makes no page where each message is to have its own workflow, also under load', async () => {
    const engine = openEngine({ messagesPerWorkflow: 1 });
    engine.add(starts('a', 100));
    for (let n = 0; n < 60; n += 1) {
      engine.claimAll();
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(engine.started.map(({ ids }) => ids.length)).toEqual(Array.from({ length: 100 }, () => 1));
  });

  it('starts the message of another tenant at once while one tenant’s thousands are claimed by nobody', async () => {
    const engine = openEngine();
    engine.add(starts('a', 1_900));
    await vi.advanceTimersByTimeAsync(100);
    engine.addOne('b1', { tenantId: 'b' });
    expect(engine.started.at(-1)).toMatchObject({ tenantId: 'b', ids: ['b1'], priority: 'single' });
    engine.addOne('c1', { tenantId: 'c' });
    expect(engine.started.at(-1)).toMatchObject({ tenantId: 'c' });
  });

  it('gives a place away when nobody has taken the start up for two seconds', async () => {
    const engine = openEngine();
    engine.add(starts('a', 150));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(engine.started).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(400);
    expect(engine.started.flatMap(({ ids }) => ids)).toHaveLength(150);
  });

  it('goes on while the database cannot say what is claimed', async () => {
    const engine = openEngine();
    engine.loseDatabase();
    engine.add(starts('a', 150));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(engine.queueLength()).toBe(0);
  });

  it('leaves to the sweep what Temporal does not take, and holds no place for it', async () => {
    const engine = openEngine({ isTemporalUp: () => false });
    engine.add(starts('a', 100));
    await vi.advanceTimersByTimeAsync(100);
    expect(engine.queueLength()).toBe(0);
    expect(engine.looks).toEqual([]);
  });

  it('stops when nothing waits any more, and not before', async () => {
    const engine = openEngine();
    engine.addOne('m');
    let isDrained = false;
    void engine.drain(1_000).then(() => (isDrained = true));
    await vi.advanceTimersByTimeAsync(2);
    expect(isDrained).toBe(false);
    await vi.advanceTimersByTimeAsync(50);
    expect(isDrained).toBe(true);
  });
});
