import { describe, expect, it } from 'vitest';
import { closeAttempt, openAttempt } from '../../../../src/domain/delivery/delivery.ts';

describe('the attempts of a delivery', () => {
  it('count from one, and one that was left open becomes ambiguous when the next is opened', () => {
    const at = new Date('2026-03-01T10:00:00.000Z');
    const closed = { durationMs: 3, httpStatus: 500, outcome: 'retry' as const, problem: null, responseExcerpt: null };
    const first = openAttempt([], at);
    const second = openAttempt(closeAttempt(first, closed), at);
    const third = openAttempt(second, at);
    expect(third.map(({ number, outcome, httpStatus }) => [number, outcome, httpStatus])).toEqual([
      [1, 'retry', 500],
      [2, 'ambiguous', null],
      [3, null, null],
    ]);
  });
});
