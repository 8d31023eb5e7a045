import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';
import type { Job, JobChange } from '../job.ts';
import { countRecipients, type NotificationRequest } from './request.ts';

export interface NewNotification {
  readonly id: string;
  readonly tenantId: string;
  readonly integration: string;
  readonly externalId: string | null;
  readonly sendAt: Date | null;
  readonly expiresAt: Date | null;
  readonly request: NotificationRequest;
  readonly origin: 'api' | 'integration';
  readonly requestId: string | null;
}

/** The record of a notification at the moment of acceptance, and what is told about it. A past `sendAt` means now. */
export function acceptNotification(
  notification: NewNotification,
  now: Date,
): { readonly job: Job; readonly change: JobChange; readonly startNow: boolean } {
  const { request, sendAt } = notification;
  const isScheduled = sendAt !== null && sendAt.getTime() > now.getTime();
  const startMs = isScheduled ? sendAt.getTime() : now.getTime();
  const recipients = countRecipients(request.receivers);
  const state = isScheduled ? 'scheduled' : 'queued';
  const job: Job = {
    id: notification.id,
    tenantId: notification.tenantId,
    kind: 'notification',
    state,
    terminal: false,
    waitingFor: isScheduled ? { reason: 'schedule', until: sendAt, detail: 'waits for its sendAt' } : null,
    attempts: 0,
    retriesUsed: 0,
    throttledInARow: 0,
    partsTotal: 1,
    partsAccepted: 0,
    nextAttemptAt: null,
    isOutcomeUnknown: false,
    error: null,
    externalId: notification.externalId,
    channelId: null,
    to: null,
    conversationId: null,
    groupId: null,
    integration: notification.integration,
    providerMessageIds: [],
    possibleDuplicate: false,
    userInformed: false,
    deliveryConfirmed: null,
    counts: {
      receivers: request.receivers.length,
      recipients,
      delivered: 0,
      failed: 0,
      pending: recipients,
      failedMerchants: 0,
    },
    metadata: {},
    request,
    origin: notification.origin,
    causedBy: null,
    requestId: notification.requestId,
    sendAt,
    expiresAt: notification.expiresAt ?? new Date(startMs + defaultTimeToLiveMs),
    statusUntil: null,
    wakeAt: isScheduled ? sendAt : new Date(now.getTime() + startGraceMs),
    workflowRunId: null,
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
  };
  const title = isScheduled ? 'Accepted, to be delivered later' : 'Accepted';
  const timeline = [{ type: `notification.${state}`, title }];
  return { job, change: { set: {}, timeline, events: [], kpi: [], problems: [] }, startNow: !isScheduled };
}
