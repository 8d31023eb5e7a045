import { describe, expect, it } from 'vitest';
import {
  decideAfterAmbiguousWindow,
  decideAfterFailure,
  type RetryLimits,
  type Situation,
} from '../../../../src/domain/message/decide.ts';
import { aFailure } from '../../../support/a-failure.ts';

const nowMs = Date.UTC(2026, 0, 2);
const limits: RetryLimits = {
  numRetries: 5,
  retryInitialMs: 1_000,
  retryMaxMs: 600_000,
  ambiguousWindowMs: 10_000,
  ambiguousPolicy: 'resend',
};

function situation(members: Partial<Situation> = {}): Situation {
  return {
    failure: aFailure(),
    retriesUsed: 0,
    throttledInARow: 0,
    attempts: 1,
    outage: null,
    limits,
    nowMs,
    expiresAtMs: nowMs + 86_400_000,
    isNotice: false,
    alreadyInformedGroup: false,
    random: () => 0.5,
    ...members,
  };
}

// With default settings a message failed for good 31 s into an outage, although it lives for a day.
describe('a failure of the destination', () => {
  const failure = aFailure({ code: 'kernel_unreachable' });
  const closed = { usesRetry: false, probeAtMs: null };

  it('uses up no retry, and is tried again soon, however often it has failed', () => {
    const delays = [1, 2, 3, 7, 40, 1_000].map((attempts) => {
      const decision = decideAfterFailure(situation({ failure, attempts, outage: closed, retriesUsed: 0 }));
      expect(decision).toMatchObject({ next: 'retry', reason: 'retry', countsAsRetry: false, recoverable: true });
      return decision.next === 'retry' ? decision.delayMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
  });

  it('is no end where no retry is left', () => {
    const spent = { failure, retriesUsed: 5, attempts: 6 };
    expect(decideAfterFailure(situation({ ...spent, outage: closed })).next).toBe('retry');
    expect(decideAfterFailure(situation({ ...spent, outage: { ...closed, usesRetry: true } })).next).toBe('fail');
  });

  it('keeps to the back-off of the channel', () => {
    const slow = { ...limits, retryInitialMs: 120_000 };
    expect(decideAfterFailure(situation({ failure, limits: slow, outage: closed }))).toMatchObject({
      delayMs: 120_000,
    });
    const fast = { ...limits, retryMaxMs: 3_000 };
    const decision = decideAfterFailure(situation({ failure, limits: fast, attempts: 9, outage: closed }));
    expect(decision).toMatchObject({ delayMs: 3_000 });
  });

  it('waits as long as the answer asks while the breaker is closed, and for the next probe while it is open', () => {
    const asked = aFailure({ retryAfterMs: 45_000 });
    expect(decideAfterFailure(situation({ failure: asked, outage: closed }))).toMatchObject({ delayMs: 45_000 });
    const open = { usesRetry: false, probeAtMs: nowMs + 2_500 };
    const decision = decideAfterFailure(situation({ failure: asked, attempts: 9, outage: open }));
    expect(decision).toMatchObject({ next: 'retry', reason: 'outage', delayMs: 2_500, countsAsRetry: false });
  });

  it('counts as before where the channel wants it', () => {
    const counted = { usesRetry: true, probeAtMs: null };
    const delays = [0, 1, 2, 3, 4].map((retriesUsed) => {
      const decision = decideAfterFailure(situation({ failure, retriesUsed, outage: counted }));
      return decision.next === 'retry' && decision.countsAsRetry ? decision.delayMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  });

  it('that is ambiguous promises another try while the breaker is open, though no retry is left', () => {
    const ambiguous = aFailure({ class: 'ambiguous' });
    const open = { usesRetry: false, probeAtMs: nowMs + 2_500 };
    expect(decideAfterFailure(situation({ failure: ambiguous, retriesUsed: 5, outage: open }))).toMatchObject({
      reason: 'ambiguous_window',
      willRetry: true,
    });
  });

  it('that was ambiguous uses up no retry where it is sent again in an outage, and goes when that lets it', () => {
    const ambiguous = aFailure({ class: 'ambiguous' });
    const situationNow = { ...situation({ retriesUsed: 5 }), last: ambiguous, overrides: {}, isOutage: true };
    expect(decideAfterAmbiguousWindow(situationNow)).toMatchObject({
      next: 'retry',
      countsAsRetry: false,
      possibleDuplicate: true,
      delayMs: 0,
    });
    const careful = decideAfterAmbiguousWindow({ ...situationNow, limits: { ...limits, ambiguousPolicy: 'fail' } });
    expect(careful).toMatchObject({ next: 'fail', newFailure: { code: 'outcome_unknown' } });
  });
});
