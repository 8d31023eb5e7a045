import { noChange, type Job, type JobChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import type { Decision } from './decide.ts';
import { describeGivingUp } from './ending-failures.ts';
import { endInFailure, recordFailure, wakeGraceMs } from './outcome.ts';

/**
 * The window after an unknown outcome has closed without a word. Its failure was told when it happened, so a resend and a
 * plain failure tell no second one; `problem` is new only where the end has a name of its own (`outcome_unknown`).
 */
export function closeWindow(input: {
  readonly job: Job;
  readonly decision: Decision;
  readonly problem: Problem | null;
  readonly now: Date;
  readonly numRetries: number;
}): JobChange {
  const { job, decision, problem, now } = input;
  if (decision.next !== 'retry') {
    if (problem !== null) return recordFailure({ ...input, problem, userInformed: false });
    if (job.error === null) return noChange;
    const gaveUp = decision.next === 'fail' && decision.outOfRetries ? describeGivingUp(job, now) : null;
    return { ...noChange, ...endInFailure(job, job.error, false, now, gaveUp) };
  }
  const until = new Date(now.getTime() + decision.delayMs);
  return {
    ...noChange,
    set: {
      state: 'held',
      possibleDuplicate: true,
      isOutcomeUnknown: false,
      retriesUsed: job.retriesUsed + (decision.countsAsRetry ? 1 : 0),
      waitingFor: { reason: 'retry', until, detail: 'no status told whether it went out' },
      nextAttemptAt: until,
      wakeAt: new Date(until.getTime() + wakeGraceMs),
    },
    timeline: [{ type: 'message.resent', title: 'No status told whether it went out: it is sent again' }],
  };
}
