import { describe, expect, it } from 'vitest';
import { closeWindow } from '../../../../src/domain/message/window.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

const last = aProblem({ class: 'ambiguous', code: 'kernel_timeout' });
const job = aJob({ state: 'held', isOutcomeUnknown: true, error: last, retriesUsed: 1 });
const ended = { next: 'fail', informUser: false, recoverable: false, willRetry: false } as const;
const bounds = { now: noon, numRetries: 5 };

describe('closeWindow', () => {
  it('marks what is sent again as a possible duplicate, uses up a retry and tells no second error', () => {
    const decision = {
      next: 'retry',
      delayMs: 3_000,
      reason: 'retry',
      countsAsRetry: true,
      possibleDuplicate: true,
      informUser: false,
      recoverable: true,
      willRetry: true,
    } as const;
    expect(closeWindow({ job, decision, problem: null, ...bounds })).toMatchObject({
      set: {
        possibleDuplicate: true,
        isOutcomeUnknown: false,
        retriesUsed: 2,
        nextAttemptAt: after(3_000),
        waitingFor: { reason: 'retry', until: after(3_000) },
      },
      timeline: [{ type: 'message.resent' }],
      kpi: [],
      problems: [],
    });
  });

  it('ends with a new problem, told once, where the channel does not resend', () => {
    const problem = aProblem({ class: 'ambiguous', code: 'outcome_unknown' });
    const decision = { ...ended, newFailure: null, outOfRetries: false };
    expect(closeWindow({ job, decision, problem, ...bounds })).toMatchObject({
      set: { state: 'failed', terminal: true, error: problem },
      events: ['message.failed'],
      kpi: [{ event: 'kernel_error', code: 'outcome_unknown', recoverable: false, willRetry: false }],
      problems: [problem],
    });
  });

  it('ends with the last failure, which was told when it happened, where no retry is left', () => {
    const decision = { ...ended, newFailure: null, outOfRetries: true };
    const change = closeWindow({ job, decision, problem: null, ...bounds });
    expect(change).toMatchObject({ set: { state: 'failed', error: last }, events: ['message.failed'], kpi: [] });
    expect(change.problems).toEqual([]);
  });
});
