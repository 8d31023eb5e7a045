import { describe, expect, it } from 'vitest';
import { retryDuringOutage } from '../../../src/activities/retry-during-outage.ts';

const outage = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });

function startTime() {
  const state = { nowMs: 0, waitsMs: [] as number[] };
  const time = {
    monotonicMs: () => state.nowMs,
    sleep: async (ms: number) => {
      state.waitsMs.push(ms);
      state.nowMs += ms;
    },
  };
  return { state, time };
}

describe('retryDuringOutage', () => {
  it('returns what the work returned, without a wait', async () => {
    const { state, time } = startTime();
    expect(await retryDuringOutage(async () => 7, time)).toBe(7);
    expect(state.waitsMs).toEqual([]);
  });

  it('goes on through an outage, waiting longer each time up to a second', async () => {
    const { state, time } = startTime();
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries <= 8) throw outage;
      return 'done';
    };
    expect(await retryDuringOutage(work, time)).toBe('done');
    expect(state.waitsMs).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('gives up after thirteen seconds, with the outage as its error', async () => {
    const { state, time } = startTime();
    await expect(retryDuringOutage(() => Promise.reject(outage), time)).rejects.toBe(outage);
    expect(state.nowMs).toBeGreaterThanOrEqual(12_000);
    expect(state.nowMs).toBeLessThan(13_000);
  });

  it('outlasts one lock time-out, which is as long as an idle transaction may hold the lock', async () => {
    const { state, time } = startTime();
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries > 1) return 'done';
      state.nowMs += 10_000;
      throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
    };
    expect(await retryDuringOutage(work, time)).toBe('done');
  });

  it('throws anything but an outage at once', async () => {
    const { state, time } = startTime();
    const mistake = new Error('a statement that is wrong');
    await expect(retryDuringOutage(() => Promise.reject(mistake), time)).rejects.toBe(mistake);
    expect(state.waitsMs).toEqual([]);
  });
});
