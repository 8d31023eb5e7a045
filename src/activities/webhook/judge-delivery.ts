import type { HttpOutcome } from '../../domain/failure.ts';
import type { CreateId } from '../../domain/ids.ts';
import { closeAttempt } from '../../domain/notification/delivery.ts';
import { buildProblem } from '../../domain/problems/build-problem.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import { decideDelivery } from '../../domain/webhook/delivery-decision.ts';
import type { TryVerdict } from '../../domain/webhook/endpoint-health.ts';
import type { Webhook } from '../../domain/webhook/webhook.ts';
import type { WebhookDelivery, WebhookResult } from '../../store/webhook-deliveries.ts';
import { excerptResponse } from '../../upstreams/guarded-http/response-excerpt.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';

export interface JudgedDelivery {
  readonly result: WebhookResult;
  readonly verdict: TryVerdict;
  /** That of this try; null = it went well. */
  readonly problem: Problem | null;
}

/** What is to be recorded after a try, and what the try says of its endpoint. */
export type JudgeDelivery = (tried: {
  readonly webhook: Webhook;
  readonly secrets: readonly string[];
  readonly delivery: WebhookDelivery;
  readonly outcome: HttpOutcome;
}) => JudgedDelivery;

/** Logs one line a try, with every id and nothing personal. */
export function createJudgeDelivery(dependencies: {
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly info: WriteLog;
}): JudgeDelivery {
  const { createId, publicUrl, clock, random, info } = dependencies;

  return ({ webhook, secrets, delivery, outcome }) => {
    const now = clock();
    const number = delivery.attempts.length;
    const tries = number - delivery.earlierAttempts;
    const decision = decideDelivery({ outcome, tries, scheduleSeconds: webhook.retryScheduleSeconds, random });
    const nextAttemptAt = decision.next === 'retry' ? new Date(now.getTime() + decision.delayMs) : null;
    const problem =
      decision.next === 'delivered'
        ? null
        : buildProblem({
            failure: decision.failure,
            problemId: createId('problem'),
            publicUrl,
            attempt: number,
            jobId: delivery.jobId,
            requestId: null,
            tenantId: webhook.tenantId,
            occurredAt: now.toISOString(),
            nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
            recoverable: decision.next === 'retry',
          });
    const durationMs = Math.round(outcome.durationMs);
    info(
      {
        tenantId: webhook.tenantId,
        webhookId: webhook.id,
        deliveryId: delivery.id,
        eventId: delivery.event.id,
        type: delivery.event.type,
        attempt: number,
        maxAttempts: delivery.earlierAttempts + webhook.retryScheduleSeconds.length,
        durationMs,
        outcome: outcome.answered ? `http_${outcome.status}` : outcome.fault,
        next: decision.next,
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      },
      'webhook delivery',
    );
    const isOutOfTries = decision.next === 'failed' && decision.isOutOfTries;
    const attempts = closeAttempt(delivery.attempts, {
      durationMs,
      httpStatus: outcome.answered ? outcome.status : null,
      outcome: isOutOfTries ? 'retry' : outcomeWords[decision.next],
      problem,
      responseExcerpt: outcome.answered ? excerptResponse(outcome.body, secrets) : null,
    });
    return {
      result: {
        delivery,
        attempts,
        state: stateAfter[decision.next],
        nextAttemptAt,
        error: decision.next === 'retry' ? null : problem,
      },
      verdict: {
        said: verdictWords[decision.next],
        retryAfterMs: decision.next === 'retry' ? decision.failure.retryAfterMs : null,
      },
      problem,
    };
  };
}

const outcomeWords = { delivered: 'accepted', retry: 'retry', failed: 'rejected', gone: 'rejected' } as const;
const stateAfter = { delivered: 'delivered', retry: 'pending', failed: 'failed', gone: 'disabled' } as const;
const verdictWords = { delivered: 'taken', retry: 'failed', failed: 'failed', gone: 'gone' } as const;
