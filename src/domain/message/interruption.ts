import type { Failure } from '../failure.ts';
import type { Job } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { claimValidMs } from './claim.ts';

const interruptionDetail = 'The process that sent this message ended before it could write down the answer.';

/** An attempt was left open: our process died, or lost its database, between the send and its record. */
export const interruptedFailure: Failure = {
  code: 'outcome_unknown',
  source: 'kernel',
  class: 'ambiguous',
  scope: 'message',
  userCanBeTold: false,
  maxRetries: null,
  retryAfterMs: null,
  httpStatus: null,
  detail: interruptionDetail,
  provider: null,
  errors: [],
};

/** Our own crash is not the message's fault: so many in a row cost it nothing, each further one a retry. */
const freeInterruptions = 3;

/**
 * The job after one more call was found left open. One that an outage of ours explains is not counted. Where this one
 * costs a retry and none was left, `retriesUsed` comes to stand above the channel's `numRetries`.
 */
export function countInterruption(job: Job, wasOutage: boolean): Job {
  if (wasOutage) return job;
  const interruptions = job.interruptions + 1;
  return { ...job, interruptions, retriesUsed: job.retriesUsed + (interruptions > freeInterruptions ? 1 : 0) };
}

export function isInterruption(problem: Problem | null): boolean {
  return problem?.code === interruptedFailure.code && problem.detail === interruptionDetail;
}

/**
 * Whether the process that was taken for dead may still be about to send: it looks at the age of its claim, which is no
 * younger than this record, right before the first byte. Until that time is over nobody can promise that nothing is sent.
 */
export function mayStillBeSent(job: Job, now: Date): boolean {
  const sinceMs = now.getTime() - job.updatedAt.getTime();
  return job.isOutcomeUnknown && isInterruption(job.error) && sinceMs < claimValidMs;
}
