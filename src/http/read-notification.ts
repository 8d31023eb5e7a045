import type { z } from 'zod';
import type { integrationNotificationBody, notificationBody } from '../contracts/http/notifications.ts';
import type { TextByLanguage } from '../domain/notification/request.ts';
import type { NotificationToAccept } from '../usecases/accept-notification.ts';

/** What a notification's body says on either way in; what the body leaves out is empty or null. */
export function readNotification(
  body: z.output<typeof integrationNotificationBody> | z.output<typeof notificationBody>,
  from: Pick<NotificationToAccept, 'type' | 'integration' | 'label' | 'origin' | 'requestId'>,
): NotificationToAccept {
  const { receivers, ...envelope } = body;
  return {
    ...from,
    externalId: body.externalId ?? null,
    externalType: body.externalType ?? null,
    titleI18n: keepGiven(body.titleI18n ?? {}),
    messageI18n: keepGiven(body.messageI18n ?? {}),
    data: body.data ?? {},
    receivers: (receivers ?? []).map(({ merchantId, userIds }) => ({ merchantId, userIds: userIds ?? [] })),
    sendAt: toDate(body.sendAt),
    expiresAt: toDate(body.expiresAt),
    envelope,
  };
}

/** Integrators' clients name every language that they know, and those without a text as null. */
function keepGiven(texts: Readonly<Record<string, string | null>>): TextByLanguage {
  return Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== null));
}

function toDate(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}
