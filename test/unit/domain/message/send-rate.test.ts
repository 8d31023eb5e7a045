import { describe, expect, it } from 'vitest';
import { countToTake, type Places, spacingMsOf, usePlace } from '../../../../src/domain/message/send-rate.ts';

const spacingMs = spacingMsOf(80);

function somePlaces(members: Partial<Places> = {}): Places {
  return { takenMs: 0, count: 1, spacingMs, nextMs: 0, left: 0, ...members };
}

describe('a worker', () => {
  it('takes one place at first, and twice as many each time they are soon used up, up to a tenth of a second', () => {
    const counts: number[] = [];
    let before: Places | undefined;
    for (let nowMs = 0; counts.length < 6; nowMs += 20) {
      const count = countToTake(before, nowMs, 80);
      counts.push(count);
      before = somePlaces({ takenMs: nowMs, count });
    }
    expect(counts).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it('takes one again when it had little to do, or has some left that nobody used', () => {
    expect(countToTake(somePlaces({ count: 8 }), 1_000, 80)).toBe(1);
    expect(countToTake(somePlaces({ count: 8, left: 3 }), 20, 80)).toBe(1);
  });

  it.each([0.1, 1, 5])('never takes more than one place of a number at %s a second', (rate) => {
    expect(countToTake(somePlaces({ spacingMs: spacingMsOf(rate) }), 1, rate)).toBe(1);
  });

  it('uses its places one after the other, each at its time', () => {
    let places = somePlaces({ left: 3, nextMs: 100 });
    const times: number[] = [];
    for (let used = usePlace(places, 90); used !== null; used = usePlace(places, 90)) {
      times.push(used.atMs);
      places = used.rest;
    }
    expect(times).toEqual([100, 112.5, 125]);
  });

  it('forgets places that nobody has used in time', () => {
    const places = somePlaces({ left: 3, nextMs: 100 });
    expect(usePlace(places, 1_100)).not.toBeNull();
    expect(usePlace(places, 1_101)).toBeNull();
    expect(usePlace(undefined, 0)).toBeNull();
  });
});
