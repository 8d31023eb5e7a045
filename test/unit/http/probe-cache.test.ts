import { describe, expect, it } from 'vitest';
import { shareBriefly } from '../../../src/http/probe-cache.ts';

const sleep = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe('an answer that is shared briefly', () => {
  it('is made once for all who ask meanwhile and shortly after, and then anew', async () => {
    let runs = 0;
    const ask = shareBriefly(async () => {
      runs += 1;
      await sleep(5);
      return runs;
    }, 50);
    expect(await Promise.all(Array.from({ length: 100 }, ask))).toEqual(Array.from({ length: 100 }, () => 1));
    expect(await ask()).toBe(1);
    await sleep(100);
    expect(await ask()).toBe(2);
  });

  it('is not kept where it failed', async () => {
    let runs = 0;
    const ask = shareBriefly(async () => {
      runs += 1;
      if (runs === 1) throw new Error('away');
      return runs;
    }, 1_000);
    await expect(ask()).rejects.toThrow('away');
    expect(await ask()).toBe(2);
  });
});
