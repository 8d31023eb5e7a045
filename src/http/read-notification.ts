import type { z } from 'zod';
import type { integrationNotificationBody, notificationBody } from '../contracts/http/notifications.ts';
import type { NotificationToAccept } from '../usecases/accept-notification.ts';

/** What a notification's body says on either way in; what the body leaves out is empty or null. */
export function readNotification(
  body: z.output<typeof integrationNotificationBody> | z.output<typeof notificationBody>,
  from: Pick<NotificationToAccept, 'type' | 'integration' | 'origin' | 'requestId'>,
): NotificationToAccept {
  const { receivers, ...envelope } = body;
  return {
    ...from,
    externalId: body.externalId ?? null,
    externalType: body.externalType ?? null,
    titleI18n: body.titleI18n ?? {},
    messageI18n: body.messageI18n ?? {},
    data: body.data ?? {},
    receivers: (receivers ?? []).map(({ merchantId, userIds }) => ({ merchantId, userIds: userIds ?? [] })),
    sendAt: toDate(body.sendAt),
    expiresAt: toDate(body.expiresAt),
    envelope,
  };
}

function toDate(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}
