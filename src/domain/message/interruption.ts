import type { Failure } from '../failure.ts';
import type { Problem } from '../problems/problem.ts';

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

export function isInterruption(problem: Problem | null): boolean {
  return problem?.code === interruptedFailure.code && problem.detail === interruptionDetail;
}
