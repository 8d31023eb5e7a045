import { type HttpOutcome, isUnsent } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { type CallbackDecision, decideCallback } from '../../domain/notification/callback-decision.ts';
import { closeAttempt } from '../../domain/notification/delivery.ts';
import { callbackFailure } from '../../domain/notification/ending.ts';
import { localDelayMs } from '../../domain/retry.ts';
import type { CallbackResult, ClaimedCallback } from '../../store/deliveries.ts';
import type { IntegrationTarget } from '../../store/integration-targets.ts';
import { excerptResponse } from '../../upstreams/guarded-http/response-excerpt.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';
import type { DescribeFailure } from './describe-failure.ts';

/** What is to be recorded after a try at a callback: its attempt closed, and what comes next. */
export type JudgeCallback = (tried: {
  readonly job: Job;
  readonly target: IntegrationTarget;
  readonly callback: ClaimedCallback;
  readonly outcome: HttpOutcome;
}) => CallbackResult;

/** Logs one line a try, with every id and nothing personal. */
export function createJudgeCallback(dependencies: {
  readonly describeFailure: DescribeFailure;
  readonly random: () => number;
  readonly clock: () => Date;
  readonly info: WriteLog;
}): JudgeCallback {
  const { describeFailure, random, clock, info } = dependencies;

  return ({ job, target, callback, outcome }) => {
    const now = clock();
    if (isUnsent(outcome)) return giveBack(callback, new Date(now.getTime() + localDelayMs(0, random)));
    const tries = callback.attempts.length;
    const decision = decideCallback({ outcome, tries, scheduleSeconds: target.retryScheduleSeconds });
    const nextAttemptAt = decision.next === 'retry' ? new Date(now.getTime() + decision.delayMs) : null;
    const problem = describeTry(job, decision, tries, now, nextAttemptAt);
    const error = describeEnd(job, target, decision, tries, now);
    info(
      {
        tenantId: job.tenantId,
        jobId: job.id,
        deliveryId: callback.id,
        integration: target.name,
        attempt: tries,
        maxAttempts: target.retryScheduleSeconds.length,
        durationMs: Math.round(outcome.durationMs),
        outcome: outcome.answered ? `http_${outcome.status}` : outcome.fault,
        next: decision.next,
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      },
      'error callback',
    );
    const attempt = {
      durationMs: Math.round(outcome.durationMs),
      httpStatus: outcome.answered ? outcome.status : null,
      outcome: outcomeWords[decision.next],
      problem,
      responseExcerpt: outcome.answered ? excerptResponse(outcome.body, secretsOf(target)) : null,
    };
    return {
      id: callback.id,
      claimedAttempts: tries,
      attempts: closeAttempt(callback.attempts, attempt),
      state: stateAfter[decision.next],
      nextAttemptAt,
      error,
      problems: [problem, error].filter((each) => each !== null),
    };
  };

  function describeTry(job: Job, decision: CallbackDecision, tries: number, now: Date, nextAttemptAt: Date | null) {
    if (decision.next === 'delivered') return null;
    return describeFailure(job, decision.failure, now, {
      attempt: tries,
      recoverable: decision.next === 'retry',
      ...(nextAttemptAt === null ? {} : { nextAttemptAt }),
    });
  }

  function describeEnd(job: Job, target: IntegrationTarget, decision: CallbackDecision, tries: number, now: Date) {
    if (decision.next === 'delivered' || decision.next === 'retry') return null;
    const last = decision.failure.detail;
    return describeFailure(job, callbackFailure({ integration: target.name, tries, last }), now, { attempt: tries });
  }
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

const outcomeWords = { delivered: 'accepted', retry: 'retry', exhausted: 'retry', refused: 'rejected' } as const;
const stateAfter = { delivered: 'delivered', retry: 'pending', exhausted: 'failed', refused: 'failed' } as const;

function secretsOf({ apiKey, secret }: IntegrationTarget): string[] {
  return [apiKey, secret].filter((each) => each !== null);
}
