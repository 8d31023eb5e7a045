import { integratorRules } from '../../domain/delivery/decide.ts';
import type { HttpOutcome } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { callbackFailure } from '../../domain/notification/ending.ts';
import type { CallbackResult, ClaimedCallback } from '../../store/deliveries.ts';
import type { IntegrationTarget } from '../../store/integration-targets.ts';
import type { JudgeAttempt } from '../destinations/judge-attempt.ts';

/** What is to be recorded after a try at a callback. */
export function judgeCallback(
  judgeAttempt: JudgeAttempt,
  tried: {
    readonly job: Job;
    readonly target: IntegrationTarget;
    readonly callback: ClaimedCallback;
    readonly outcome: HttpOutcome;
  },
): CallbackResult {
  const { job, target, callback, outcome } = tried;
  const { name: integration, apiKey, secrets, retryScheduleSeconds } = target;
  const judged = judgeAttempt({
    rules: integratorRules,
    scheduleSeconds: retryScheduleSeconds,
    tenantId: job.tenantId,
    jobId: job.id,
    requestId: job.requestId,
    attempts: callback.attempts,
    earlierAttempts: 0,
    outcome,
    secrets: apiKey === null ? secrets : [apiKey, ...secrets],
    describeEnd: (tries, last) => callbackFailure({ integration, tries, last: last.detail }),
    logged: { deliveryId: callback.id, integration },
  });
  return { id: callback.id, claimedAttempts: callback.attempts.length, ...judged };
}

/** It was never sent: its open attempt goes, no try of its schedule is used up, and it is due then. */
export function giveBack({ id, attempts }: ClaimedCallback, nextAttemptAt: Date): CallbackResult {
  return {
    id,
    claimedAttempts: attempts.length,
    attempts: attempts.slice(0, -1),
    state: 'pending',
    nextAttemptAt,
    error: null,
    problems: [],
  };
}
