import { describe, expect, it } from 'vitest';
import { createKeepTrying } from '../../../src/activities/keep-trying.ts';

const outage = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });

function place() {
  const state = { nowMs: 0, waitsMs: [] as number[] };
  const keepTrying = createKeepTrying({
    isOutage: (error) => 'code' in error,
    nowMs: () => state.nowMs,
    sleep: async (ms) => {
      state.waitsMs.push(ms);
      state.nowMs += ms;
    },
  });
  return { state, keepTrying };
}

describe('createKeepTrying', () => {
  it('returns what the work returned, without a wait', async () => {
    const { state, keepTrying } = place();
    expect(await keepTrying(async () => 7)).toBe(7);
    expect(state.waitsMs).toEqual([]);
  });

  it('goes on through an outage, waiting longer each time up to a second', async () => {
    const { state, keepTrying } = place();
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries <= 8) throw outage;
      return 'done';
    };
    expect(await keepTrying(work)).toBe('done');
    expect(state.waitsMs).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('gives up after twelve seconds, with the outage as its error', async () => {
    const { state, keepTrying } = place();
    await expect(keepTrying(() => Promise.reject(outage))).rejects.toBe(outage);
    expect(state.nowMs).toBeGreaterThanOrEqual(12_000);
    expect(state.nowMs).toBeLessThan(13_100);
  });

  it('throws anything but an outage at once', async () => {
    const { state, keepTrying } = place();
    const mistake = new Error('a statement that is wrong');
    await expect(keepTrying(() => Promise.reject(mistake))).rejects.toBe(mistake);
    expect(state.waitsMs).toEqual([]);
  });
});
