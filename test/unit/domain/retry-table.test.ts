import { describe, expect, it } from 'vitest';
import {
  decideAfterAmbiguousWindow,
  decideAfterFailure,
  type RetryLimits,
} from '../../../src/domain/message/decide.ts';
import { errorClasses } from '../../../src/domain/problems/problem.ts';
import { retryTable, usualAmbiguousWindowMs, usualBackoff, usualRetries } from '../../../src/domain/retry-table.ts';
import { retryPolicies } from '../../../src/workflows/retry-policies.ts';
import { aFailure } from '../../support/a-failure.ts';

const limits: RetryLimits = {
  numRetries: usualRetries,
  retryInitialMs: usualBackoff.initialMs,
  retryMaxMs: usualBackoff.maximumMs,
  ambiguousWindowMs: usualAmbiguousWindowMs,
  ambiguousPolicy: 'resend',
};
const timing = { retriesUsed: 0, limits, nowMs: 0, expiresAtMs: 86_400_000, random: () => 0.5 };

// Two policies, neither of them an error class: what a class meant stood in three places.
describe.each(errorClasses)('the rule of the class %s', (name) => {
  const rule = retryTable[name];
  const decision = decideAfterFailure({
    ...timing,
    failure: aFailure({ class: name, source: 'kernel', scope: 'message', retryAfterMs: null }),
    throttledInARow: 0,
    attempts: 1,
    outage: null,
    isNotice: false,
    alreadyInformedGroup: false,
  });

  it('is what is decided', () => {
    const next = {
      backoff: 'retry',
      answer: 'retry',
      window: 'retry',
      resume: 'pause_channel',
      never: 'fail',
    } as const;
    expect(decision.next).toBe(next[rule.wait]);
    if (decision.next !== 'retry') return;
    expect(decision.delayMs).toBe(rule.wait === 'window' ? usualAmbiguousWindowMs : rule.backoff?.initialMs);
    const resent =
      rule.wait === 'window'
        ? decideAfterAmbiguousWindow({ ...timing, last: aFailure({ class: name }), overrides: {}, isOutage: false })
        : decision;
    expect(resent.next === 'retry' && resent.countsAsRetry).toBe(rule.countsAsRetry);
  });

  it('is what Temporal is told never to try again', () => {
    expect(retryPolicies.refusals.nonRetryableErrorTypes.includes(name)).toBe(rule.wait === 'never');
  });
});
