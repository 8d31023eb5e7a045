import { jobView } from '../../contracts/http/jobs.ts';
import { notificationBody } from '../../contracts/http/notifications.ts';
import { toJobView } from '../../domain/job-view.ts';
import type { AcceptNotification } from '../../usecases/accept-notification.ts';
import { tenantAccess } from '../access.ts';
import { type AcceptanceDependencies, answerAcceptance } from '../answer-acceptance.ts';
import { type App, bodyLimitBytes } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { readNotification } from '../read-notification.ts';

export function registerNotificationRoutes(
  app: App,
  dependencies: AcceptanceDependencies &
    Pick<AppDependencies, 'links'> & { readonly acceptNotification: AcceptNotification },
): void {
  const { acceptNotification, links } = dependencies;

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
        const { type, integration, label = null } = request.body;
        const from = { type, integration, label, origin: 'api', requestId: request.id } as const;
        const notification = readNotification(request.body, from);
        const job = await acceptNotification(tx, request.tenantId, notification);
        return { status: 202, location: `/v1/jobs/${job.id}`, body: toJobView(job, links) };
      }),
  });
}
