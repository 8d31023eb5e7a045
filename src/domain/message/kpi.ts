import type { Job } from '../job.ts';
import type { Problem } from '../problems/problem.ts';

export type KpiEventName =
  | 'kernel_error'
  | 'whatsapp_error'
  | 'rendering_error'
  | 'accepted'
  | 'delivered'
  | 'expired'
  | 'cancelled'
  | 'inbound_error'
  | 'refused';

/** The `value` of one KPI activity. A member without a value is null; times RFC 3339, durations in milliseconds. */
export interface KpiValue {
  readonly event: KpiEventName;
  readonly recoverable: boolean | null;
  readonly code: string | null;
  readonly providerCode: string | null;
  readonly source: string | null;
  readonly jobId: string;
  readonly groupId: string | null;
  readonly conversationId: string | null;
  readonly to: string | null;
  readonly attempt: number;
  readonly numRetries: number;
  readonly willRetry: boolean;
  readonly userInformed: boolean;
  readonly status: number | null;
  readonly reason: string | null;
  readonly durationMs: number;
  readonly occurredAt: string;
  readonly correlationId: string | null;
}

/** Describes one error or outcome of a message for the bot platform. `durationMs` counts from acceptance. */
export function buildKpiValue(input: {
  readonly event: KpiEventName;
  readonly job: Job;
  readonly now: Date;
  readonly numRetries: number;
  readonly problem?: Problem | null;
  readonly recoverable?: boolean;
  readonly willRetry?: boolean;
  readonly userInformed?: boolean;
}): KpiValue {
  const { job, now } = input;
  const problem = input.problem ?? null;
  return {
    event: input.event,
    recoverable: input.recoverable ?? null,
    code: problem?.code ?? null,
    providerCode: problem?.provider?.code ?? null,
    source: problem?.source ?? null,
    jobId: job.id,
    groupId: job.groupId,
    conversationId: job.conversationId,
    to: job.to,
    attempt: job.attempts,
    numRetries: input.numRetries,
    willRetry: input.willRetry ?? false,
    userInformed: input.userInformed ?? false,
    status: problem?.provider?.httpStatus ?? problem?.status ?? null,
    reason: problem?.provider?.details ?? problem?.detail ?? null,
    durationMs: now.getTime() - job.createdAt.getTime(),
    occurredAt: now.toISOString(),
    correlationId: job.requestId,
  };
}
