import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';
import type { Job, JobChange } from '../job.ts';
import { newJob } from '../new-job.ts';
import { countRecipients, type NotificationRequest } from './request.ts';

export interface NewNotification {
  readonly id: string;
  readonly tenantId: string;
  readonly integration: string;
  readonly externalId: string | null;
  /** Left out = it belongs to no campaign. */
  readonly label?: string | null;
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
): { readonly job: Job; readonly change: JobChange } {
  const { request, sendAt } = notification;
  const isScheduled = sendAt !== null && sendAt.getTime() > now.getTime();
  const startMs = isScheduled ? sendAt.getTime() : now.getTime();
  const recipients = countRecipients(request.receivers);
  const state = isScheduled ? 'scheduled' : 'queued';
  const job = newJob(
    {
      id: notification.id,
      tenantId: notification.tenantId,
      kind: 'notification',
      state,
      waitingFor: isScheduled ? { reason: 'schedule', until: sendAt, detail: 'waits for its sendAt' } : null,
      externalId: notification.externalId,
      integration: notification.integration,
      label: notification.label ?? null,
      counts: {
        receivers: request.receivers.length,
        recipients,
        delivered: 0,
        failed: 0,
        pending: recipients,
        failedMerchants: 0,
      },
      request,
      origin: notification.origin,
      requestId: notification.requestId,
      sendAt,
      expiresAt: notification.expiresAt ?? new Date(startMs + defaultTimeToLiveMs),
      wakeAt: isScheduled ? sendAt : new Date(now.getTime() + startGraceMs),
    },
    now,
  );
  const title = isScheduled ? 'Accepted, to be delivered later' : 'Accepted';
  const timeline = [{ type: `notification.${state}`, title }];
  return { job, change: { set: {}, timeline, events: [], kpi: [], problems: [] } };
}
