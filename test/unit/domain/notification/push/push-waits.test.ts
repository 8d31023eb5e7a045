import { describe, expect, it } from 'vitest';
import { lookAgainMs, pushDelayMs } from '../../../../../src/domain/notification/push/push-waits.ts';

const least = () => 0;
const most = () => 1;
const wait = (errorClass: 'transient' | 'throttled' | 'ambiguous', times: number, random = least) =>
  pushDelayMs({ code: 'fcm_UNAVAILABLE', class: errorClass, retryAfterMs: null }, times, random);

describe('the wait after a refused push', () => {
  it('is what the answer says, in whole milliseconds, also where that is short', () => {
    expect(pushDelayMs({ code: 'fcm_UNAVAILABLE', class: 'throttled', retryAfterMs: 120_000 }, 4, most)).toBe(120_000);
    expect(pushDelayMs({ code: 'fcm_UNAVAILABLE', class: 'transient', retryAfterMs: 999.2 }, 0, most)).toBe(1_000);
  });

  it.each([0, -5_000])('is its own where the answer asks for %i ms', (retryAfterMs) => {
    expect(pushDelayMs({ code: 'fcm_UNAVAILABLE', class: 'throttled', retryAfterMs }, 0, least)).toBe(60_000);
  });

  it('begins with the least that FCM asks for, and doubles up to ten minutes', () => {
    expect([0, 1, 2, 3].map((times) => wait('transient', times))).toEqual([10_000, 20_000, 40_000, 80_000]);
    expect([0, 1, 2].map((times) => wait('throttled', times))).toEqual([60_000, 120_000, 240_000]);
    expect(wait('ambiguous', 0)).toBe(10_000);
    expect([wait('transient', 50), wait('throttled', 50)]).toEqual([480_000, 480_000]);
    expect([wait('transient', 0, most), wait('transient', 50, most)]).toEqual([15_000, 720_000]);
  });
});

it.each([
  [0, 5_000],
  [20_000, 5_000],
  [60_000, 15_000],
  [240_000, 60_000],
  [86_400_000, 60_000],
])('a channel that has been paused for %i ms is looked at again after %i ms', (pausedForMs, expected) => {
  expect(lookAgainMs(pausedForMs)).toBe(expected);
});
