import type { KnownRecipient } from '../domain/identity/identity.ts';
import type { BatchCounts, Job, JobKind, JobOrigin, JobState, WaitingReason } from '../domain/job.ts';
import type { ToldPricing } from '../domain/message/pricing.ts';
import type { Problem } from '../domain/problems/problem.ts';

/** A row of `job` as the driver gives it. Its check constraints and our writes keep the unions true. */
export interface JobRow {
  id: string;
  tenant_id: string;
  kind: JobKind;
  state: JobState;
  terminal: boolean;
  waiting_reason: WaitingReason | null;
  waiting_until: Date | null;
  waiting_detail: string | null;
  attempts: number;
  retries_used: number;
  throttled_in_a_row: number;
  internal_faults: number;
  interruptions: number;
  parts_total: number;
  parts_accepted: number;
  next_attempt_at: Date | null;
  is_ordered: boolean;
  queued_at: Date;
  rate_slot_at: Date | null;
  is_outcome_unknown: boolean;
  error: Problem | null;
  external_id: string | null;
  channel_id: string | null;
  recipient: string | null;
  recipient_ids: KnownRecipient | null;
  conversation_id: string | null;
  group_id: string | null;
  integration: string | null;
  label: string | null;
  provider_message_ids: string[];
  possible_duplicate: boolean;
  user_informed: boolean;
  delivery_confirmed: boolean | null;
  pricing: ToldPricing | null;
  delivered_at: Date | null;
  counts: BatchCounts | null;
  metadata: Record<string, unknown>;
  request: unknown;
  origin: JobOrigin;
  caused_by: string | null;
  request_id: string | null;
  send_at: Date | null;
  expires_at: Date;
  lifetime_ms: number | null;
  status_until: Date | null;
  wake_at: Date | null;
  workflow_id: string | null;
  workflow_run_id: string | null;
  awaited_by: string | null;
  created_at: Date;
  updated_at: Date;
  finished_at: Date | null;
}

/** A notification's request is megabytes and read in pages where it is needed: here it is null. */
export const jobColumns = `id, tenant_id, kind, state, terminal, waiting_reason, waiting_until, waiting_detail, attempts,
  retries_used, throttled_in_a_row, internal_faults, interruptions, parts_total, parts_accepted, next_attempt_at, is_ordered, queued_at, rate_slot_at, is_outcome_unknown, error, external_id,
  channel_id, recipient, recipient_ids, conversation_id, group_id, integration, label, provider_message_ids, possible_duplicate, user_informed,
  delivery_confirmed, pricing, delivered_at, counts, metadata, case when kind = 'notification' then null else request end as request, origin, caused_by, request_id, send_at, expires_at, lifetime_ms, status_until, wake_at,
  workflow_id, workflow_run_id, awaited_by, created_at, updated_at, finished_at`;

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    kind: row.kind,
    state: row.state,
    terminal: row.terminal,
    waitingFor:
      row.waiting_reason === null
        ? null
        : { reason: row.waiting_reason, until: row.waiting_until, detail: row.waiting_detail },
    attempts: row.attempts,
    retriesUsed: row.retries_used,
    throttledInARow: row.throttled_in_a_row,
    internalFaults: row.internal_faults,
    interruptions: row.interruptions,
    partsTotal: row.parts_total,
    partsAccepted: row.parts_accepted,
    nextAttemptAt: row.next_attempt_at,
    isOrdered: row.is_ordered,
    queuedAt: row.queued_at,
    rateSlotAt: row.rate_slot_at,
    isOutcomeUnknown: row.is_outcome_unknown,
    error: row.error,
    externalId: row.external_id,
    channelId: row.channel_id,
    to: row.recipient,
    recipient: row.recipient_ids,
    conversationId: row.conversation_id,
    groupId: row.group_id,
    integration: row.integration,
    label: row.label,
    providerMessageIds: row.provider_message_ids,
    possibleDuplicate: row.possible_duplicate,
    userInformed: row.user_informed,
    deliveryConfirmed: row.delivery_confirmed,
    pricing: row.pricing,
    deliveredAt: row.delivered_at,
    counts: row.counts,
    metadata: row.metadata,
    request: row.request,
    origin: row.origin,
    causedBy: row.caused_by,
    requestId: row.request_id,
    sendAt: row.send_at,
    expiresAt: row.expires_at,
    lifetimeMs: row.lifetime_ms,
    statusUntil: row.status_until,
    wakeAt: row.wake_at,
    workflowId: row.workflow_id,
    workflowRunId: row.workflow_run_id,
    awaitedBy: row.awaited_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at,
  };
}
