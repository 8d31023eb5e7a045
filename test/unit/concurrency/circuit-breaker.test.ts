import { describe, expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../src/concurrency/circuit-breaker.ts';

function openBreaker() {
  const clock = { nowMs: 0 };
  const breaker = createCircuitBreaker({
    nowMs: () => clock.nowMs,
    failuresToOpen: 3,
    firstOpenMs: 1_000,
    longestOpenMs: 3_000,
  });
  const end = (isReached: boolean | null) => {
    const pass = breaker.tryPass();
    if (pass === null) throw new Error('the breaker is open');
    pass(isReached);
  };
  return { clock, breaker, end };
}

describe('a circuit breaker', () => {
  it('opens after a row of failures, for a while', () => {
    const { clock, breaker, end } = openBreaker();
    end(false);
    end(false);
    expect(breaker.openUntilMs()).toBeNull();
    end(false);
    expect([breaker.tryPass(), breaker.openUntilMs()]).toEqual([null, 1_000]);
    clock.nowMs = 999;
    expect(breaker.tryPass()).toBeNull();
    clock.nowMs = 1_000;
    expect(breaker.tryPass()).not.toBeNull();
  });

  it('counts failures in a row only: one answer starts the count anew', () => {
    const { breaker, end } = openBreaker();
    for (const isReached of [false, false, true, false, false]) end(isReached);
    expect([breaker.openUntilMs(), breaker.isAtRest()]).toEqual([null, false]);
  });

  it('learns nothing from a call that was never made', () => {
    const { breaker, end } = openBreaker();
    for (const isReached of [false, null, null, false, null]) end(isReached);
    expect(breaker.openUntilMs()).toBeNull();
    end(false);
    expect(breaker.openUntilMs()).toBe(1_000);
  });

  it('lets one call at a time probe, at growing intervals up to the longest, and closes at the first answer', () => {
    const { clock, breaker, end } = openBreaker();
    for (let each = 0; each < 3; each += 1) end(false);
    const intervals: number[] = [];
    for (let each = 0; each < 3; each += 1) {
      clock.nowMs = breaker.openUntilMs() ?? 0;
      const probe = breaker.tryPass();
      expect(breaker.tryPass()).toBeNull();
      probe?.(false);
      intervals.push((breaker.openUntilMs() ?? 0) - clock.nowMs);
    }
    expect(intervals).toEqual([2_000, 3_000, 3_000]);
    clock.nowMs = breaker.openUntilMs() ?? 0;
    end(true);
    expect(breaker.isAtRest()).toBe(true);
  });

  it('leaves the probe to the next where one was not sent, and does not wait for ever for one that never ends', () => {
    const { clock, breaker, end } = openBreaker();
    for (let each = 0; each < 3; each += 1) end(false);
    clock.nowMs = 1_000;
    end(null);
    expect(breaker.tryPass()).not.toBeNull();
    clock.nowMs = 4_000;
    expect(breaker.tryPass()).not.toBeNull();
  });

  it('is opened once by calls that fail together, and closed by one of them that was answered', () => {
    const { clock, breaker } = openBreaker();
    const passes = Array.from({ length: 6 }, () => breaker.tryPass());
    for (const pass of passes.slice(0, 4)) pass?.(false);
    clock.nowMs = 500;
    passes[4]?.(false);
    expect(breaker.openUntilMs()).toBe(1_000);
    passes[5]?.(true);
    expect(breaker.isAtRest()).toBe(true);
  });
});
