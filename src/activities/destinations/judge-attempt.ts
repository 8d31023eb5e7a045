import { decideDelivery, type DeliveryDecision, type DeliveryRules } from '../../domain/delivery/decide.ts';
import { closeAttempt, type DeliveryAttempt, type DeliveryState } from '../../domain/delivery/delivery.ts';
import type { TryVerdict } from '../../domain/delivery/endpoint-health.ts';
import { isGone } from '../../domain/delivery/endpoint-failure.ts';
import type { Failure, HttpOutcome } from '../../domain/failure.ts';
import type { CreateId } from '../../domain/ids.ts';
import { buildProblem } from '../../domain/problems/build-problem.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import { excerptResponse } from '../../upstreams/guarded-http/response-excerpt.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';

/** What is to be recorded after an attempt, and what it says of its endpoint. */
export interface JudgedAttempt {
  readonly attempts: readonly DeliveryAttempt[];
  readonly state: DeliveryState;
  /** Null = it is not tried again. */
  readonly nextAttemptAt: Date | null;
  /** By the answer's `Retry-After`; null = it set none. */
  readonly notBefore: Date | null;
  /** Why the delivery has ended without being taken; null otherwise. */
  readonly error: Problem | null;
  /** To be stored: that of the attempt, and that of the delivery where it is another. */
  readonly problems: readonly Problem[];
  readonly verdict: TryVerdict;
}

export interface MadeAttempt {
  readonly rules: DeliveryRules;
  readonly scheduleSeconds: readonly number[];
  readonly tenantId: string;
  readonly jobId: string | null;
  readonly requestId: string | null;
  /** With the open one last. */
  readonly attempts: readonly DeliveryAttempt[];
  /** Made before it was last replayed: the schedule begins behind them. */
  readonly earlierAttempts: number;
  readonly outcome: HttpOutcome;
  /** Not to be found in what is kept of the answer. */
  readonly secrets: readonly string[];
  /** The failure of a delivery that is not tried again; absent = that of its last attempt. */
  readonly describeEnd?: (tries: number, last: Failure) => Failure;
  /** What the log says of it: ids, and nothing personal. */
  readonly logged: Readonly<Record<string, unknown>>;
}

export type JudgeAttempt = (made: MadeAttempt) => JudgedAttempt;

/** Logs one line an attempt. */
export function createJudgeAttempt(dependencies: {
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly info: WriteLog;
}): JudgeAttempt {
  const { createId, clock, random, info } = dependencies;

  return (made) => {
    const { outcome, scheduleSeconds, rules, earlierAttempts } = made;
    const now = clock();
    const number = made.attempts.length;
    const tries = number - earlierAttempts;
    const decision = decideDelivery({ rules, outcome, attempts: tries, scheduleSeconds, random });
    const nextAttemptAt = decision.next === 'retry' ? new Date(now.getTime() + decision.delayMs) : null;
    const describe = (failure: Failure) =>
      buildProblem({
        failure,
        problemId: createId('problem'),
        attempt: number,
        jobId: made.jobId,
        requestId: made.requestId,
        tenantId: made.tenantId,
        occurredAt: now.toISOString(),
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
        recoverable: decision.next === 'retry',
      });
    const problem = decision.next === 'delivered' ? null : describe(decision.failure);
    const isEnd = decision.next === 'exhausted' || decision.next === 'gone';
    const end = isEnd && made.describeEnd !== undefined ? describe(made.describeEnd(tries, decision.failure)) : problem;
    const durationMs = Math.round(outcome.durationMs);
    info(
      {
        tenantId: made.tenantId,
        jobId: made.jobId,
        ...made.logged,
        attempt: number,
        maxAttempts: earlierAttempts + scheduleSeconds.length,
        durationMs,
        outcome: outcome.answered ? `http_${outcome.status}` : outcome.fault,
        next: decision.next,
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      },
      'delivery attempt',
    );
    const attempts = closeAttempt(made.attempts, {
      durationMs,
      httpStatus: outcome.answered ? outcome.status : null,
      outcome: decision.next === 'delivered' ? 'accepted' : isGone(outcome) ? 'rejected' : 'retry',
      problem,
      responseExcerpt: outcome.answered ? excerptResponse(outcome.body, made.secrets) : null,
    });
    const error = isEnd ? end : null;
    return {
      attempts,
      state: stateAfter[decision.next],
      nextAttemptAt,
      notBefore: decision.next === 'retry' && decision.askedMs > 0 ? new Date(now.getTime() + decision.askedMs) : null,
      error,
      problems: [problem, error === problem ? null : error].filter((each) => each !== null),
      verdict: verdictOf(decision),
    };
  };
}

const stateAfter = { delivered: 'delivered', retry: 'pending', exhausted: 'failed', gone: 'disabled' } as const;

function verdictOf(decision: DeliveryDecision): TryVerdict {
  if (decision.next === 'delivered') return { said: 'taken', retryAfterMs: null };
  return { said: decision.next === 'gone' ? 'gone' : 'failed', retryAfterMs: decision.failure.retryAfterMs };
}
