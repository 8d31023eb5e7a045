import { describe, expect, it } from 'vitest';
import { createDatabaseClock } from '../../../src/store/database-clock.ts';

/** A process whose own clock is two minutes behind, and whose monotonic one has run for a second. */
function start() {
  const process = { wall: 880_000, monotonic: 1_000 };
  const clock = createDatabaseClock({ wallMs: () => process.wall, monotonicMs: () => process.monotonic });
  return {
    process,
    clock,
    pass: (ms: number): void => {
      process.wall += ms;
      process.monotonic += ms;
    },
    nowMs: () => clock.now().getTime(),
  };
}

describe('the database clock', () => {
  it('tells the time of the database, carried on by the monotonic clock', () => {
    const { clock, pass, nowMs } = start();
    clock.observe({ serverMs: 1_000_000, sentMs: 998, receivedMs: 1_000 });
    pass(5_000);
    expect(nowMs()).toBe(1_005_001);
  });

  it('does not follow when somebody sets the clock of the process', () => {
    const { clock, process, nowMs } = start();
    clock.observe({ serverMs: 1_000_000, sentMs: 1_000, receivedMs: 1_000 });
    process.wall += 3_600_000;
    expect(nowMs()).toBe(1_000_000);
  });

  it('is not led astray by an answer that came late', () => {
    const { clock, pass, nowMs } = start();
    clock.observe({ serverMs: 1_000_000, sentMs: 1_000, receivedMs: 1_000 });
    pass(800);
    // Asked at once, answered in 10 ms, and read after a stall of 790 ms.
    clock.observe({ serverMs: 1_000_010, sentMs: 1_000, receivedMs: 1_800 });
    expect(Math.abs(nowMs() - 1_000_800)).toBeLessThanOrEqual(1);
  });

  it('goes over to the clock of another server, and follows one that is set', () => {
    const { clock, pass, nowMs } = start();
    clock.observe({ serverMs: 1_000_000, sentMs: 1_000, receivedMs: 1_000 });
    pass(100);
    clock.observe({ serverMs: 970_100, sentMs: 1_100, receivedMs: 1_100 });
    expect(nowMs()).toBe(970_100);
  });

  it('is to be asked for before the first decision, after ten seconds, after a pause and with each new connection', () => {
    const { clock, process, pass } = start();
    expect(clock.isFresh()).toBe(false);
    const observe = () =>
      clock.observe({ serverMs: 1_000_000, sentMs: process.monotonic, receivedMs: process.monotonic });
    observe();
    expect(clock.isFresh()).toBe(true);
    pass(10_000);
    expect(clock.isFresh()).toBe(false);
    observe();
    process.wall += 60_000; // the machine slept, and its monotonic clock with it
    expect(clock.isFresh()).toBe(false);
    observe();
    clock.expire();
    expect(clock.isFresh()).toBe(false);
  });
});
