import { describe, expect, it } from 'vitest';
import {
  countThrottledBefore,
  holdForLimit,
  limitScopeOf,
  noLimit,
  throttleLimit,
} from '../../../../src/domain/message/send-limit.ts';
import { after, aJob, noon } from '../../../support/a-job.ts';

describe('what a throttled answer slows', () => {
  it.each([
    ['number+recipient', 'pair'],
    ['number', 'number'],
    ['provider', 'number'],
    ['WABA', 'account'],
    ['app', 'account'],
    ['flow', null],
    ['message', null],
    ['constructor', null],
  ])('by the scope %s is: %s', (scope, slowed) => {
    expect(limitScopeOf(scope)).toBe(slowed);
  });
});

describe('a limit', () => {
  it('counts answers that come after its wait, and not those that were under way', () => {
    const first = throttleLimit(noLimit, 1_000, noon);
    expect(first).toEqual({ blockedUntil: after(1_000), throttledInARow: 1 });
    expect(countThrottledBefore(first, after(500))).toBe(0);
    expect(throttleLimit(first, 1_000, after(500))).toEqual({ blockedUntil: after(1_500), throttledInARow: 1 });
    expect(countThrottledBefore(first, after(1_000))).toBe(1);
    expect(throttleLimit(first, 4_000, after(1_000))).toEqual({ blockedUntil: after(5_000), throttledInARow: 2 });
  });

  it('is never cut short by a later answer that asks for less', () => {
    const long = throttleLimit(noLimit, 60_000, noon);
    expect(throttleLimit(long, 1_000, after(10)).blockedUntil).toEqual(after(60_000));
  });
});

describe('a message without room', () => {
  it('is held until then, due by itself, and told once', () => {
    const job = aJob();
    const change = holdForLimit(job, { until: after(60_000), hasSlot: true });
    expect(change.set).toMatchObject({
      state: 'held',
      waitingFor: { reason: 'rate_limit', until: after(60_000) },
      nextAttemptAt: after(60_000),
      wakeAt: after(60_000),
      rateSlotAt: after(60_000),
    });
    expect(change.events).toEqual(['message.held']);
    const later = holdForLimit({ ...job, ...change.set }, { until: after(70_000), hasSlot: true });
    expect(later.events).toEqual([]);
  });

  it('waits no longer than it lives', () => {
    const job = aJob({ expiresAt: after(10_000) });
    expect(holdForLimit(job, { until: after(30_000), hasSlot: false }).set).toMatchObject({
      wakeAt: after(10_000),
    });
  });
});
