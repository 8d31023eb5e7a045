import { describe, expect, it } from 'vitest';
import { expiredFailure, groupCancelledFailure } from '../../../../src/domain/message/ending-failures.ts';
import { describeCode } from '../../../../src/domain/problems/catalogue.ts';

describe('the ends that no upstream caused', () => {
  it('say what happened, under a code that the registry knows, and concern no user', () => {
    const failures = [expiredFailure('2026-01-02T03:04:05.678Z'), groupCancelledFailure('msg_1')];
    expect(failures.map(({ code }) => code)).toEqual(['expired', 'group_cancelled']);
    expect(failures.map(({ detail }) => detail).join()).toMatch(/2026-01-02T03:04:05\.678Z.*msg_1/);
    for (const failure of failures) {
      expect(describeCode(failure.code)?.class).toBe(failure.class);
      expect(failure.userCanBeTold).toBe(false);
    }
  });
});
