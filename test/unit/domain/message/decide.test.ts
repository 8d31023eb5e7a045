import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideAfterAmbiguousWindow,
  decideAfterFailure,
  type RetryLimits,
  type Situation,
} from '../../../../src/domain/message/decide.ts';
import { localFailure } from '../../../../src/domain/failure.ts';
import { errorClasses } from '../../../../src/domain/problems/problem.ts';
import { renderingFailure } from '../../../../src/domain/rendering/rendering-failure.ts';
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

const recoverable = 'recoverable';
const outOfRetries = 'out of retries';
const unrecoverable = 'unrecoverable';
const holdsChannel = 'holds the channel';
const holdsMessage = 'holds its message';

const situationOf = {
  [recoverable]: { class: 'transient', retriesUsed: 0 },
  [outOfRetries]: { class: 'transient', retriesUsed: 5 },
  [unrecoverable]: { class: 'permanent', retriesUsed: 0 },
  [holdsChannel]: { class: 'configuration', retriesUsed: 0, scope: 'number' },
  // A paused template paused its channel, and with it every message that named another one.
  [holdsMessage]: { class: 'configuration', retriesUsed: 0, scope: 'template' },
} as const;

describe("the bridge's matrix", () => {
  //  source        error            what happens     tell the user   KPI recoverable
  it.each([
    ['kernel', recoverable, 'retry', false, true],
    ['kernel', outOfRetries, 'fail', false, false],
    ['kernel', unrecoverable, 'fail', false, false],
    ['kernel', holdsChannel, 'pause_channel', false, true],
    ['kernel', holdsMessage, 'hold', false, true],
    ['whatsapp', recoverable, 'retry', false, true],
    ['whatsapp', outOfRetries, 'fail', true, false],
    ['whatsapp', unrecoverable, 'fail', true, false],
    ['whatsapp', holdsChannel, 'pause_channel', false, true],
    ['rendering', recoverable, 'fail', true, false],
    ['rendering', unrecoverable, 'fail', true, false],
    ['rendering', holdsChannel, 'fail', true, false],
  ] as const)('%s, %s: %s; user told: %s; KPI recoverable: %s', (source, error, next, informUser, isRecoverable) => {
    const { retriesUsed, ...ofFailure } = situationOf[error];
    const decision = decideAfterFailure(situation({ failure: aFailure({ source, ...ofFailure }), retriesUsed }));
    expect(decision).toMatchObject({ next, informUser, recoverable: isRecoverable, willRetry: next !== 'fail' });
    expect(decision.next === 'fail' && decision.outOfRetries).toBe(error === outOfRetries);
  });

  it('tries again soon after a fault of our own, however many there were, and it is no retry', () => {
    const failure = localFailure('local_capacity', 'No connection was free.');
    const noRetries = { ...limits, numRetries: 0 };
    const delays = [1, 2, 3, 50].map((attempts) => {
      const decision = decideAfterFailure(situation({ failure, limits: noRetries, attempts }));
      expect(decision).toMatchObject({ next: 'retry', countsAsRetry: false, recoverable: true });
      return decision.next === 'retry' ? decision.delayMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 30_000]);
  });

  it.each([
    ['the failure says that it cannot arrive', { failure: aFailure({ source: 'whatsapp', userCanBeTold: false }) }],
    ['the message is a notice itself', { isNotice: true }],
    ['someone of the group was told before', { alreadyInformedGroup: true }],
  ])('tells nobody when %s', (_, members) => {
    const failure = aFailure({ source: 'whatsapp', class: 'permanent' });
    const decision = decideAfterFailure(situation({ failure, retriesUsed: 5, ...members }));
    expect(decision).toMatchObject({ next: 'fail', informUser: false });
  });

  it('tells the user of what could not be rendered', () => {
    const failure = renderingFailure([{ detail: 'No text.', pointer: '/text' }]);
    expect(decideAfterFailure(situation({ failure }))).toMatchObject({ next: 'fail', informUser: true });
  });
});

describe('a transient failure', () => {
  it('is sent again exactly numRetries times, each time later', () => {
    const delays = [0, 1, 2, 3, 4].map((retriesUsed) => {
      const decision = decideAfterFailure(situation({ retriesUsed }));
      return decision.next === 'retry' && decision.countsAsRetry ? decision.delayMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(decideAfterFailure(situation({ retriesUsed: 5 }))).toMatchObject({ next: 'fail', outOfRetries: true });
  });

  it('is never sent again when the channel wants no retries', () => {
    const decision = decideAfterFailure(situation({ limits: { ...limits, numRetries: 0 } }));
    expect(decision).toMatchObject({ next: 'fail', outOfRetries: true });
  });

  it.each([
    [3, 5, 3],
    [9, 5, 5],
  ])('whose code allows %i retries has, of the %i of the channel, %i', (maxRetries, numRetries, allowed) => {
    const at = (retriesUsed: number) =>
      decideAfterFailure(
        situation({ failure: aFailure({ maxRetries }), limits: { ...limits, numRetries }, retriesUsed }),
      );
    expect(at(allowed - 1).next).toBe('retry');
    expect(at(allowed).next).toBe('fail');
  });

  it('waits at least as long as the answer asked for', () => {
    const failure = aFailure({ retryAfterMs: 45_000 });
    expect(decideAfterFailure(situation({ failure }))).toMatchObject({ delayMs: 45_000 });
  });
});

describe('a throttled failure', () => {
  const failure = aFailure({ class: 'throttled', scope: 'number+recipient' });

  it('waits for its scope without using up a retry, however often', () => {
    const decision = decideAfterFailure(situation({ failure, retriesUsed: 5, throttledInARow: 3 }));
    expect(decision).toMatchObject({ next: 'retry', reason: 'rate_limit', countsAsRetry: false, delayMs: 64_000 });
  });
});

describe('an ambiguous failure', () => {
  const failure = aFailure({ class: 'ambiguous', code: 'kernel_timeout' });
  const policyFail = { ...limits, ambiguousPolicy: 'fail' as const };
  const overrides = {};
  const isOutage = false;

  it('first waits for a status that tells how it went', () => {
    const decision = decideAfterFailure(situation({ failure }));
    expect(decision).toMatchObject({
      next: 'retry',
      reason: 'ambiguous_window',
      delayMs: 10_000,
      countsAsRetry: false,
    });
    expect(decision).toMatchObject({ recoverable: true, willRetry: true, informUser: false });
  });

  it('waits as well when it will not be sent again, and says so to the KPI', () => {
    const expected = { next: 'retry', reason: 'ambiguous_window', recoverable: false, willRetry: false };
    expect(decideAfterFailure(situation({ failure, limits: policyFail }))).toMatchObject(expected);
    expect(decideAfterFailure(situation({ failure, retriesUsed: 5 }))).toMatchObject(expected);
  });

  it('is then sent again as a possible duplicate', () => {
    const decision = decideAfterAmbiguousWindow({ ...situation(), last: failure, overrides, isOutage });
    expect(decision).toMatchObject({ next: 'retry', reason: 'retry', possibleDuplicate: true, countsAsRetry: true });
    expect(decision).toMatchObject({ delayMs: 0 });
  });

  it('is not sent again sooner after the failure than the back-off says', () => {
    const decision = decideAfterAmbiguousWindow({
      ...situation({ retriesUsed: 4 }),
      last: failure,
      overrides,
      isOutage,
    });
    expect(decision).toMatchObject({ delayMs: 6_000 });
  });

  it('ends as outcome_unknown where the channel sends nothing twice, and tells no user', () => {
    const decision = decideAfterAmbiguousWindow({
      ...situation({ limits: policyFail }),
      last: failure,
      overrides,
      isOutage,
    });
    expect(decision).toMatchObject({ next: 'fail', outOfRetries: false, informUser: false, recoverable: false });
    expect(decision).toMatchObject({ newFailure: { code: 'outcome_unknown', class: 'ambiguous' } });
  });

  it('ends with its own problem when the retries are used up', () => {
    const decision = decideAfterAmbiguousWindow({
      ...situation({ retriesUsed: 5 }),
      last: failure,
      overrides,
      isOutage,
    });
    expect(decision).toMatchObject({ next: 'fail', outOfRetries: true, newFailure: null });
  });

  it('keeps to the retries that the channel allows its code', () => {
    const provider = { name: 'p', code: '131000', title: null, details: null, traceId: null, httpStatus: 500 };
    const last = { detail: 'x', provider };
    const overridden = { '131000': { maxRetries: 0 } };
    const decision = decideAfterAmbiguousWindow({ ...situation(), last, isOutage, overrides: overridden });
    expect(decision).toMatchObject({ next: 'fail', outOfRetries: true });
  });
});

describe('every decision', () => {
  const arbitrarySituation = fc.record({
    class: fc.constantFrom(...errorClasses),
    source: fc.constantFrom('kernel', 'whatsapp', 'rendering'),
    retriesUsed: fc.nat(8),
    throttledInARow: fc.nat(100),
    leftMs: fc.integer({ min: -10_000, max: 100_000 }),
    retryAfterMs: fc.option(fc.nat(10_000_000)),
    drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    scope: fc.constantFrom('number', 'number+recipient'),
  });

  it('never waits past the expiry, and says beforehand when the wait ends there', () => {
    fc.assert(
      fc.property(arbitrarySituation, ({ leftMs, drawn, retriesUsed, throttledInARow, ...members }) => {
        const decision = decideAfterFailure(
          situation({
            failure: aFailure(members),
            retriesUsed,
            throttledInARow,
            expiresAtMs: nowMs + leftMs,
            random: () => drawn,
          }),
        );
        if (decision.next !== 'retry') return;
        expect(decision.delayMs).toBeGreaterThanOrEqual(0);
        expect(decision.delayMs).toBeLessThanOrEqual(Math.max(leftMs, 0));
        expect(decision.willRetry && decision.delayMs >= leftMs).toBe(false);
        expect(decision.informUser).toBe(false);
      }),
    );
  });
});
