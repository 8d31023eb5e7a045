import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, throttleDelayMs } from '../../../src/domain/retry.ts';

const middle = () => 0.5;
const arbitraryRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoffMs', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [10, 512_000],
    [11, 600_000],
    [5_000, 600_000],
  ])('waits, before jitter, at attempt %i for %i ms', (attempt, delayMs) => {
    expect(backoffMs({ attempt, initialMs: 1_000, maxMs: 600_000, random: middle })).toBe(delayMs);
  });

  it('stays whole, within ±20 % and below 1.2 times the most, whatever it is given', () => {
    const input = fc.record({
      attempt: fc.integer({ min: -5, max: 100_000 }),
      initialMs: fc.integer({ min: 0, max: 86_400_000 }),
      maxMs: fc.integer({ min: 0, max: 86_400_000 }),
      drawn: arbitraryRandom,
    });
    fc.assert(
      fc.property(input, ({ drawn, ...rest }) => {
        const delayMs = backoffMs({ ...rest, random: () => drawn });
        const plainMs = Math.min(rest.initialMs * 2 ** Math.min(Math.max(rest.attempt - 1, 0), 50), rest.maxMs);
        expect(Number.isSafeInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(plainMs * 0.8));
        expect(delayMs).toBeLessThanOrEqual(Math.ceil(plainMs * 1.2));
        expect(delayMs).toBeLessThanOrEqual(rest.maxMs * 1.2);
      }),
    );
  });

  it('spreads equal attempts over the whole jitter', () => {
    const at = (drawn: number) => backoffMs({ attempt: 1, initialMs: 1_000, maxMs: 9_000, random: () => drawn });
    expect([at(0), at(0.25), at(0.75), at(0.999_999)]).toEqual([800, 900, 1_100, 1_199]);
  });
});

describe('throttleDelayMs', () => {
  const limits = { initialMs: 1_000, maxMs: 60_000, random: middle };

  it('waits exactly as long as the answer says', () => {
    const failure = { scope: 'number+recipient', retryAfterMs: 3_000 };
    expect(throttleDelayMs({ failure, throttledBefore: 4, ...limits })).toBe(3_000);
  });

  it('waits 1, 4, 16, 64 seconds for a pair that was told no time, even beyond the usual most', () => {
    const failure = { scope: 'number+recipient', retryAfterMs: null };
    const delays = [0, 1, 2, 3].map((throttledBefore) => throttleDelayMs({ failure, throttledBefore, ...limits }));
    expect(delays).toEqual([1_000, 4_000, 16_000, 64_000]);
  });

  it('backs off for every other scope', () => {
    const failure = { scope: 'number', retryAfterMs: null };
    expect(throttleDelayMs({ failure, throttledBefore: 2, ...limits })).toBe(4_000);
  });

  it('never spins on a Retry-After of zero', () => {
    const failure = { scope: 'number', retryAfterMs: 0 };
    expect(throttleDelayMs({ failure, throttledBefore: 0, ...limits })).toBe(1_000);
  });
});
