import { describe, expect, it } from 'vitest';
import {
  describeGivingUp,
  expiredFailure,
  groupCancelledFailure,
} from '../../../../src/domain/message/ending-failures.ts';
import { describeCode } from '../../../../src/domain/problems/catalogue.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

describe('the ends that no upstream caused', () => {
  it('say what happened, under a code that the registry knows, and concern no user', () => {
    const job = aJob({ terminal: true, expiresAt: new Date('2026-01-02T03:04:05.678Z') });
    const failures = [expiredFailure(job, null), groupCancelledFailure('msg_1')];
    expect(failures.map(({ code }) => code)).toEqual(['expired', 'group_cancelled']);
    expect(failures.map(({ detail }) => detail).join()).toMatch(/2026-01-02T03:04:05\.678Z.*msg_1/);
    for (const failure of failures) {
      expect(describeCode(failure.code)?.class).toBe(failure.class);
      expect(failure.userCanBeTold).toBe(false);
    }
  });
});

it('an expired message says what held it last, and its last failure', () => {
  // "Read the attempts for what held it" said the page; of a message that a paused channel held there were none.
  const waitingFor = { reason: 'channel_paused', until: null, detail: 'the channel is paused by hand' } as const;
  const error = aProblem({ code: 'kernel_unreachable' });
  expect(expiredFailure(aJob({ state: 'held', waitingFor, error, expiresAt: noon }), null).detail).toBe(
    'The message was not sent before it expired at 2026-03-01T12:00:00.000Z. ' +
      'It waited last for channel_paused: the channel is paused by hand. ' +
      `Its last failure was kernel_unreachable: ${error.title}.`,
  );
});

it('a message that is given up says after how many tries, and in what time', () => {
  expect(describeGivingUp(aJob({ attempts: 6 }), after(31_400))).toBe('given up after 6 tries in 31 s');
  const again = aJob({ attempts: 12, retriesUsed: 0, queuedAt: after(60_000) });
  expect(describeGivingUp(again, after(61_000))).toBe('given up after 1 try in 1 s');
});
