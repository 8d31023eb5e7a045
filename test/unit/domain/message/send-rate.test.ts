import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesAtOnce, takePlaces } from '../../../../src/domain/message/send-rate.ts';
import { after, noon } from '../../../support/a-job.ts';

const longAgo = new Date(0);

describe('the rate of a channel', () => {
  it.each([
    [0.1, 1],
    [5, 1],
    [80, 8],
    [1_000, 100],
  ])('at %s a second gives a worker %s places at once', (ratePerSecond, places) => {
    expect(placesAtOnce(ratePerSecond)).toBe(places);
  });

  it('gives an idle channel its places now', () => {
    const taken = takePlaces({ freeAt: longAgo, blockedUntil: null, now: noon, ratePerSecond: 80 });
    expect(taken).toEqual({ at: after(-250), count: 8, freeAt: after(-150) });
  });

  it('gives one place for later where there is no room', () => {
    const taken = takePlaces({ freeAt: after(300), blockedUntil: null, now: noon, ratePerSecond: 10 });
    expect(taken).toEqual({ at: after(300), count: 1, freeAt: after(400) });
  });

  it('gives no place before the end of a block, and no burst after it', () => {
    const first = takePlaces({ freeAt: longAgo, blockedUntil: after(5_000), now: noon, ratePerSecond: 10 });
    expect(first).toEqual({ at: after(5_000), count: 1, freeAt: after(5_100) });
    const second = takePlaces({ ...first, blockedUntil: after(5_000), now: noon, ratePerSecond: 10 });
    expect(second.at).toEqual(after(5_100));
  });

  it('never gives more than the rate and its burst within any time', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(arrivals, fc.constantFrom(1, 5, 40, 80, 500), (gapsMs, ratePerSecond) => {
        let nowMs = 0;
        let freeAt = longAgo;
        const places: number[] = [];
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const taken = takePlaces({ freeAt, blockedUntil: null, now: after(nowMs), ratePerSecond });
          freeAt = taken.freeAt;
          const startMs = Math.max(nowMs, taken.at.getTime() - noon.getTime());
          for (let each = 0; each < taken.count; each += 1) places.push(startMs);
        }
        places.sort((a, b) => a - b);
        const burst = ratePerSecond * 0.25 + placesAtOnce(ratePerSecond);
        for (const [index, start] of places.entries()) {
          const within = places.slice(index).filter((each) => each - start <= 1_000).length;
          expect(within).toBeLessThanOrEqual(Math.ceil(ratePerSecond + burst) + 1);
        }
      }),
    );
  });
});
