import { findTooFarAhead } from '../domain/acceptance.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { acceptNotification } from '../domain/notification/new-notification.ts';
import type {
  NotificationContent,
  NotificationType,
  Receiver,
  TextByLanguage,
} from '../domain/notification/request.ts';
import { countRecipients } from '../domain/notification/request.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { hasIntegration } from '../store/integration-targets.ts';
import type { InsertJob } from '../store/new-jobs.ts';
import { insertContent } from '../store/notification-content.ts';
import type { Tx } from '../store/transactions.ts';
import type { AdmissionControl } from './admission-control.ts';

export const maxRecipients = 100_000;
/** What each error callback repeats, and a batch may have as many of them as recipients. */
const maxEnvelopeBytes = 256 * 1024;

/** One notification as the door parsed it; null members were left out. */
export interface NotificationToAccept {
  readonly type: NotificationType;
  readonly integration: string;
  readonly externalId: string | null;
  readonly externalType: string | null;
  readonly label?: string | null;
  readonly titleI18n: TextByLanguage;
  readonly messageI18n: TextByLanguage;
  readonly data: Readonly<Record<string, unknown>>;
  readonly receivers: readonly Receiver[];
  readonly sendAt: Date | null;
  readonly expiresAt: Date | null;
  /** All original properties as they came, but for the receivers. */
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly origin: 'api' | 'integration';
  readonly requestId: string | null;
}

/** Stores one notification inside the caller's transaction. */
export interface AcceptNotification {
  (tx: Tx, tenantId: string, notification: NotificationToAccept): Promise<Job>;
}

/**
 * Refuses with `invalid_request` (no such integration, an end before its start), `payload_too_large` and
 * `too_many_held_jobs`. What
 * integrators know as an error of the notification, such as no receivers or no title, is accepted and reported.
 */
export function createAcceptNotification(dependencies: {
  readonly insertJob: InsertJob;
  readonly admissionControl: Pick<AdmissionControl, 'enterLater'>;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): AcceptNotification {
  const { insertJob, admissionControl, createId, clock } = dependencies;
  return async (tx, tenantId, notification) => {
    const now = clock();
    refuseUndeliverable(notification, now);
    if (!(await hasIntegration(tx, notification.integration))) {
      throw refuse('/integration', `There is no integration ${notification.integration} in this tenant.`);
    }
    const {
      envelope,
      receivers,
      externalId,
      integration,
      label = null,
      sendAt,
      expiresAt,
      origin,
      requestId,
    } = notification;
    const id = createId('notification');
    const request = { envelope, receivers };
    const accepted = acceptNotification(
      { id, tenantId, integration, label, externalId, sendAt, expiresAt, request, origin, requestId },
      now,
    );
    if (accepted.job.state === 'scheduled') await admissionControl.enterLater(tx, tenantId);
    await insertJob(tx, accepted);
    await insertContent(tx, { tenantId, jobId: id, createdAt: now }, toContent(notification));
    return accepted.job;
  };
}

function refuseUndeliverable(notification: NotificationToAccept, now: Date): void {
  const { receivers, sendAt, expiresAt } = notification;
  const recipients = countRecipients(receivers);
  if (receivers.length > maxRecipients || recipients > maxRecipients) {
    throw apiProblem('payload_too_large', `A notification takes at most ${maxRecipients} recipients.`);
  }
  if (Buffer.byteLength(JSON.stringify(notification.envelope)) > maxEnvelopeBytes) {
    const detail = `A notification without its receivers takes at most ${maxEnvelopeBytes / 1024} KiB.`;
    throw apiProblem('payload_too_large', detail);
  }
  if (expiresAt !== null && expiresAt.getTime() <= Math.max(now.getTime(), sendAt?.getTime() ?? 0)) {
    throw refuse('/expiresAt', 'The notification would expire before it could be delivered.');
  }
  const errors = findTooFarAhead({ sendAt, expiresAt }, now);
  if (errors.length > 0) throw apiProblem('invalid_request', 'The notification is planned too far ahead.', { errors });
}

function refuse(pointer: string, detail: string) {
  return apiProblem('invalid_request', detail, { errors: [{ pointer, detail }] });
}

function toContent(notification: NotificationToAccept): NotificationContent {
  const { type, titleI18n, messageI18n, data, externalId, externalType } = notification;
  return { type, titleI18n, messageI18n, data, externalId, externalType };
}
