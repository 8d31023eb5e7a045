import { integratorRules } from '../../domain/delivery/decide.ts';
import type { HttpOutcome } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { callbackFailure } from '../../domain/notification/ending.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import type { ClaimedCallback } from '../../store/deliveries.ts';
import { type DeliveryResult, insertProblems, updateResults } from '../../store/delivery-results.ts';
import type { IntegrationTarget } from '../../store/integration-targets.ts';
import type { Tx } from '../../store/transactions.ts';
import type { JudgeAttempt } from '../destinations/judge-attempt.ts';

export interface CallbackResult extends DeliveryResult {
  /** To be stored with it: that of the try, and that of the delivery. */
  readonly problems: readonly Problem[];
}

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
  return { delivery: callback, ...judged };
}

/** It was never sent: its open attempt goes, no try of its schedule is used up, and it is due then. */
export function giveBack(callback: ClaimedCallback, nextAttemptAt: Date): CallbackResult {
  return {
    delivery: callback,
    attempts: callback.attempts.slice(0, -1),
    state: 'pending',
    nextAttemptAt,
    notBefore: null,
    error: null,
    problems: [],
  };
}

/** Records results, as those of any delivery, with their problems. */
export async function recordCallbacks(
  tx: Tx,
  tenantId: string,
  results: readonly CallbackResult[],
  now: Date,
): Promise<void> {
  await updateResults(tx, results, now);
  await insertProblems(
    tx,
    tenantId,
    results.flatMap(({ problems }) => problems),
  );
}
