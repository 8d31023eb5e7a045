import type { KnownRecipient } from './identity/identity.ts';
import type { ToldPricing } from './message/pricing.ts';
import type { Problem } from './problems/problem.ts';

export const jobKinds = ['message', 'notification', 'inbound'] as const;
export type JobKind = (typeof jobKinds)[number];

export const messageStates = [
  'scheduled',
  'queued',
  'held',
  'sending',
  'accepted',
  'sent',
  'delivered',
  'read',
  'failed',
  'expired',
  'cancelled',
  'skipped',
] as const;
export type MessageState = (typeof messageStates)[number];

export const batchStates = [
  'scheduled',
  'queued',
  'running',
  'completed',
  'completed_with_errors',
  'failed',
  'cancelled',
  'expired',
] as const;
export type BatchState = (typeof batchStates)[number];

export type JobState = MessageState | BatchState | 'relaying';
export const jobStates: readonly JobState[] = [...new Set<JobState>([...messageStates, ...batchStates, 'relaying'])];

/** `start` and `answer` are not stored: `explainWait` tells them by the state. */
export const waitingReasons = [
  'start',
  'turn',
  'channel_paused',
  'rate_limit',
  'outage',
  'retry',
  'answer',
  'status',
  'schedule',
  'integrator',
  'window',
  'template',
] as const;
export type WaitingReason = (typeof waitingReasons)[number];

/** What a job waits for, as it was stored when the wait began; `until` null = no time is known. */
export interface WaitingFor {
  readonly reason: WaitingReason;
  readonly until: Date | null;
  readonly detail: string | null;
}

/** Progress of a notification: recipients are distinct (merchant, user) pairs. */
export interface BatchCounts {
  readonly receivers: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly failed: number;
  readonly pending: number;
  readonly failedMerchants: number;
}

export type JobOrigin = 'api' | 'user_notice' | 'window_template' | 'bot' | 'integration' | 'whatsapp';

/** The record of one accepted thing. Times are instants; null means "does not apply" or "not yet". */
export interface Job {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly terminal: boolean;
  readonly waitingFor: WaitingFor | null;
  /** Calls to an upstream so far. */
  readonly attempts: number;
  /** Failures that counted against the channel's `numRetries` in this run of the job. */
  readonly retriesUsed: number;
  readonly throttledInARow: number;
  /** Faults of ours since the last answer that was recorded. */
  readonly internalFaults: number;
  /** Calls in a row whose process died before their answer was recorded. */
  readonly interruptions: number;
  readonly partsTotal: number;
  readonly partsAccepted: number;
  readonly nextAttemptAt: Date | null;
  /** It takes its turn in its conversation: earlier ones that are not out yet go first. */
  readonly isOrdered: boolean;
  /** When it was accepted or last run again. */
  readonly queuedAt: Date;
  /** The place it holds in its channel's rate; null = none. */
  readonly rateSlotAt: Date | null;
  /** The last send may have gone out: until a status says so, nobody knows. */
  readonly isOutcomeUnknown: boolean;
  readonly error: Problem | null;
  readonly externalId: string | null;
  readonly channelId: string | null;
  /** As it was given: a phone number (E.164) or a business-scoped user id. */
  readonly to: string | null;
  /** What was known of the person when the job was last touched; null = no more than `to` says. */
  readonly recipient: KnownRecipient | null;
  readonly conversationId: string | null;
  readonly groupId: string | null;
  readonly integration: string | null;
  /** The campaign that the caller named; null = none. */
  readonly label: string | null;
  readonly providerMessageIds: readonly string[];
  readonly possibleDuplicate: boolean;
  readonly userInformed: boolean;
  readonly deliveryConfirmed: boolean | null;
  /** What WhatsApp said last of its price; null = nothing. */
  readonly pricing: ToldPricing | null;
  /** When WhatsApp delivered it, by its own clock; null = not delivered. */
  readonly deliveredAt: Date | null;
  readonly counts: BatchCounts | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly request: unknown;
  readonly origin: JobOrigin;
  readonly causedBy: string | null;
  readonly requestId: string | null;
  readonly sendAt: Date | null;
  readonly expiresAt: Date;
  /** From its first beginning to its first `expiresAt`, kept when it is run again; null = it never was. */
  readonly lifetimeMs: number | null;
  readonly statusUntil: Date | null;
  /** When the sweep makes sure that a workflow runs; null = nothing is due. */
  readonly wakeAt: Date | null;
  /** The workflow that attempted it last where that is not its own: a page's. */
  readonly workflowId: string | null;
  readonly workflowRunId: string | null;
  /**
   * The activity that waits at Temporal for the next attempt, as run/activity: Temporal has confirmed its failure, so that it
   * comes back when its time has come, or early because an operator has reset it. Null = none waits.
   */
  readonly awaitedBy: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
}

/** What may change after acceptance. */
export type JobUpdate = Partial<
  Omit<
    Job,
    | 'id'
    | 'tenantId'
    | 'kind'
    | 'request'
    | 'origin'
    | 'causedBy'
    | 'createdAt'
    | 'updatedAt'
    | 'requestId'
    | 'label'
    | 'isOrdered'
  >
>;

export interface TimelineEntry {
  readonly type: string;
  readonly title: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * One change of a job with everything that must be stored in the same transaction: the timeline, the public events, the
 * KPI events and the problem that it made. `isDue` = there is something to do now that nobody does yet: after the commit the
 * job's workflow is woken, or started where none runs.
 */
export interface JobChange {
  readonly set: JobUpdate;
  readonly timeline: readonly TimelineEntry[];
  readonly events: readonly string[];
  readonly kpi: readonly object[];
  readonly problems: readonly Problem[];
  readonly isDue?: boolean;
}

export const noChange: JobChange = { set: {}, timeline: [], events: [], kpi: [], problems: [] };

/** The fields that every ending sets: nothing is waited for, nothing will run. */
export function endingAt(now: Date): JobUpdate {
  return {
    terminal: true,
    waitingFor: null,
    nextAttemptAt: null,
    wakeAt: null,
    statusUntil: null,
    isOutcomeUnknown: false,
    finishedAt: now,
  };
}

export function applyUpdate(job: Job, set: JobUpdate, now: Date): Job {
  return { ...job, ...set, updatedAt: now };
}
