import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';
import type { Job, JobChange, JobOrigin, WaitingFor } from '../job.ts';

export interface NewMessage {
  readonly id: string;
  readonly tenantId: string;
  readonly channelId: string;
  readonly isChannelPaused: boolean;
  readonly to: string;
  readonly conversationId: string | null;
  readonly groupId: string | null;
  readonly externalId: string | null;
  readonly sendAt: Date | null;
  readonly expiresAt: Date | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly request: unknown;
  readonly origin: JobOrigin;
  readonly causedBy: string | null;
  readonly requestId: string | null;
}

/**
 * The record of a message at the moment of acceptance, and what is told about it. A past `sendAt` means now. Where the
 * engine has no room it is due at once, so that the sweep starts it when there is.
 */
export function acceptMessage(
  message: NewMessage,
  now: Date,
  hasRoom: () => boolean = () => true,
): { job: Job; change: JobChange; startNow: boolean } {
  const isScheduled = message.sendAt !== null && message.sendAt.getTime() > now.getTime();
  const isHeld = !isScheduled && message.isChannelPaused;
  const waitingFor: WaitingFor | null = isScheduled
    ? { reason: 'schedule', until: message.sendAt, detail: 'waits for its sendAt' }
    : isHeld
      ? { reason: 'channel_paused', until: null, detail: 'the channel is paused' }
      : null;
  const state = isScheduled ? 'scheduled' : isHeld ? 'held' : 'queued';
  const isStarted = state === 'queued' && hasRoom();
  const job: Job = {
    id: message.id,
    tenantId: message.tenantId,
    kind: 'message',
    state,
    terminal: false,
    waitingFor,
    attempts: 0,
    retriesUsed: 0,
    throttledInARow: 0,
    partsTotal: 1,
    partsAccepted: 0,
    nextAttemptAt: null,
    isOutcomeUnknown: false,
    error: null,
    externalId: message.externalId,
    channelId: message.channelId,
    to: message.to,
    conversationId: message.conversationId,
    groupId: message.groupId,
    integration: null,
    providerMessageIds: [],
    possibleDuplicate: false,
    userInformed: false,
    deliveryConfirmed: null,
    counts: null,
    metadata: message.metadata,
    request: message.request,
    origin: message.origin,
    causedBy: message.causedBy,
    requestId: message.requestId,
    sendAt: message.sendAt,
    expiresAt: message.expiresAt ?? new Date(startOf(message, now) + defaultTimeToLiveMs),
    statusUntil: null,
    // Held by its channel: no sweep until the channel resumes, or until the time-to-live ends it.
    wakeAt: isScheduled
      ? message.sendAt
      : isHeld
        ? message.expiresAt
        : new Date(now.getTime() + (isStarted ? startGraceMs : 0)),
    workflowRunId: null,
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
  };
  return {
    job: isHeld ? { ...job, wakeAt: job.expiresAt } : job,
    change: {
      set: {},
      timeline: [{ type: `message.${state}`, title: acceptanceTitle(state) }],
      events: isScheduled ? ['message.scheduled'] : isHeld ? ['message.held'] : [],
      kpi: [],
      problems: [],
    },
    startNow: isStarted,
  };
}

function startOf(message: NewMessage, now: Date): number {
  return Math.max(message.sendAt?.getTime() ?? 0, now.getTime());
}

function acceptanceTitle(state: string): string {
  if (state === 'scheduled') return 'Accepted, to be sent later';
  if (state === 'held') return 'Accepted, held while its channel is paused';
  return 'Accepted';
}
