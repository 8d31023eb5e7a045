import type { Job } from '../domain/job.ts';

/** One column of `job` that may change after acceptance: its name, its type, and its value in a record as JSON. */
export interface JobColumn {
  readonly name: string;
  readonly type: string;
  readonly of: (job: Job) => unknown;
}

/** All of them. What a job was accepted with, and `updated_at`, are none. */
export const changingColumns: readonly JobColumn[] = [
  { name: 'state', type: 'text', of: (job) => job.state },
  { name: 'terminal', type: 'boolean', of: (job) => job.terminal },
  { name: 'waiting_reason', type: 'text', of: (job) => job.waitingFor?.reason ?? null },
  { name: 'waiting_until', type: 'timestamptz', of: (job) => job.waitingFor?.until ?? null },
  { name: 'waiting_detail', type: 'text', of: (job) => job.waitingFor?.detail ?? null },
  { name: 'attempts', type: 'integer', of: (job) => job.attempts },
  { name: 'retries_used', type: 'integer', of: (job) => job.retriesUsed },
  { name: 'throttled_in_a_row', type: 'integer', of: (job) => job.throttledInARow },
  { name: 'internal_faults', type: 'integer', of: (job) => job.internalFaults },
  { name: 'interruptions', type: 'integer', of: (job) => job.interruptions },
  { name: 'parts_total', type: 'integer', of: (job) => job.partsTotal },
  { name: 'parts_accepted', type: 'integer', of: (job) => job.partsAccepted },
  { name: 'next_attempt_at', type: 'timestamptz', of: (job) => job.nextAttemptAt },
  { name: 'queued_at', type: 'timestamptz', of: (job) => job.queuedAt },
  { name: 'rate_slot_at', type: 'timestamptz', of: (job) => job.rateSlotAt },
  { name: 'is_outcome_unknown', type: 'boolean', of: (job) => job.isOutcomeUnknown },
  { name: 'error', type: 'json', of: (job) => job.error },
  { name: 'error_code', type: 'text', of: (job) => job.error?.code ?? null },
  { name: 'channel_id', type: 'text', of: (job) => job.channelId },
  { name: 'recipient_ids', type: 'json', of: (job) => job.recipient },
  { name: 'provider_message_ids', type: 'text[]', of: (job) => job.providerMessageIds },
  { name: 'possible_duplicate', type: 'boolean', of: (job) => job.possibleDuplicate },
  { name: 'user_informed', type: 'boolean', of: (job) => job.userInformed },
  { name: 'delivery_confirmed', type: 'boolean', of: (job) => job.deliveryConfirmed },
  { name: 'pricing', type: 'json', of: (job) => job.pricing },
  { name: 'delivered_at', type: 'timestamptz', of: (job) => job.deliveredAt },
  { name: 'counts', type: 'jsonb', of: (job) => job.counts },
  { name: 'send_at', type: 'timestamptz', of: (job) => job.sendAt },
  { name: 'expires_at', type: 'timestamptz', of: (job) => job.expiresAt },
  { name: 'lifetime_ms', type: 'double precision', of: (job) => job.lifetimeMs },
  { name: 'status_until', type: 'timestamptz', of: (job) => job.statusUntil },
  { name: 'wake_at', type: 'timestamptz', of: (job) => job.wakeAt },
  { name: 'workflow_id', type: 'text', of: (job) => job.workflowId },
  { name: 'workflow_run_id', type: 'text', of: (job) => job.workflowRunId },
  { name: 'awaited_by', type: 'text', of: (job) => job.awaitedBy },
  { name: 'finished_at', type: 'timestamptz', of: (job) => job.finishedAt },
];

/** The columns in which two records of a job differ. */
export function listChanged(before: Job, after: Job): readonly JobColumn[] {
  return changingColumns.filter(({ of }) => !isSame(of(before), of(after)));
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return JSON.stringify(a) === JSON.stringify(b);
}
