import { jobView } from '../../contracts/http/jobs.ts';
import { notificationBody, type NotificationBody } from '../../contracts/http/notifications.ts';
import { toJobView } from '../../domain/job-view.ts';
import type { AcceptNotification, NotificationToAccept } from '../../usecases/accept-notification.ts';
import { tenantAccess } from '../access.ts';
import { type AcceptanceDependencies, answerAcceptance } from '../answer-acceptance.ts';
import { type App, bodyLimitBytes } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';

export function registerNotificationRoutes(
  app: App,
  dependencies: AcceptanceDependencies &
    Pick<AppDependencies, 'starter' | 'links'> & { readonly acceptNotification: AcceptNotification },
): void {
  const { acceptNotification, starter, links } = dependencies;

  app.post('/v1/notifications', {
    config: { access: tenantAccess('notifications:write') },
    bodyLimit: bodyLimitBytes.notification,
    schema: {
      operationId: 'acceptNotification',
      tags: ['notifications'],
      summary: 'Accept one notification for many receivers',
      description:
        'From the 202 on, Waypost owns the outcome. What integrators know as an error of the notification (no receivers, no ' +
        'title, …) is accepted, and reported on the job and to the integration.',
      body: notificationBody,
      response: { 202: jobView },
    },
    handler: async (request, reply) =>
      answerAcceptance(request, reply, dependencies, 1, async (tx) => {
        const notification = toNotification(request.body, request.id);
        const { job, startNow } = await acceptNotification(tx, request.tenantId, notification);
        return {
          status: 202,
          location: `/v1/jobs/${job.id}`,
          body: toJobView(job, links),
          after: () => {
            if (startNow) starter.startSoon(job);
          },
        };
      }),
  });
}

function toNotification(body: NotificationBody, requestId: string): NotificationToAccept {
  const { receivers, ...envelope } = body;
  return {
    type: body.type,
    integration: body.integration,
    externalId: body.externalId ?? null,
    externalType: body.externalType ?? null,
    titleI18n: body.titleI18n ?? {},
    messageI18n: body.messageI18n ?? {},
    data: body.data ?? {},
    receivers: (receivers ?? []).map(({ merchantId, userIds }) => ({ merchantId, userIds: userIds ?? [] })),
    sendAt: toDate(body.sendAt),
    expiresAt: toDate(body.expiresAt),
    envelope,
    origin: 'api',
    requestId,
  };
}

function toDate(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}
