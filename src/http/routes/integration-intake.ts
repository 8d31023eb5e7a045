import {
  integrationAnswer,
  integrationIntakeParams,
  integrationNotificationBody,
  type IntegrationProblem,
} from '../../contracts/http/notifications.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import type { AcceptNotification } from '../../usecases/accept-notification.ts';
import { tenantAccess } from '../access.ts';
import { type AcceptanceDependencies, answerAcceptance } from '../answer-acceptance.ts';
import { type App, bodyLimitBytes } from '../app.ts';
import { readNotification } from '../read-notification.ts';

/** The path and the envelope of existing integrators (Toqio, "Send custom notifications"): nothing there has to change. */
export function registerIntegrationIntakeRoutes(
  app: App,
  dependencies: AcceptanceDependencies & { readonly acceptNotification: AcceptNotification },
): void {
  const { acceptNotification, clock } = dependencies;

  app.post('/webhooks/integration/:integration/webhooktype/:type', {
    config: {
      access: tenantAccess('notifications:write'),
      described: { problemSchema: 'IntegrationProblem', takesIdempotencyKey: true },
    },
    bodyLimit: bodyLimitBytes.notification,
    schema: {
      operationId: 'acceptIntegrationNotification',
      tags: ['notifications'],
      summary: 'Accept one notification from an existing integrator',
      description:
        'The same as `POST /v1/notifications`, in the envelope that existing integrators know, errors included.',
      params: integrationIntakeParams,
      body: integrationNotificationBody,
      response: { 200: integrationAnswer },
    },
    // Whoever refuses, be it the key's check or the parser, answers with a problem; the envelope's members go into it.
    onSend: async (_request, reply, payload) => {
      if (reply.statusCode < 400 || !Buffer.isBuffer(payload)) return payload;
      // Every error answer of this server is a problem document.
      const problem = JSON.parse(payload.toString('utf8')) as Problem;
      const answer = Buffer.from(JSON.stringify(addEnvelope(problem, clock())));
      reply.header('content-length', answer.length);
      return answer;
    },
    handler: async (request, reply) =>
      answerAcceptance(request, reply, dependencies, 1, async (tx) => {
        const { integration, type } = request.params;
        const from = { type, integration, label: null, origin: 'integration', requestId: request.id } as const;
        const notification = readNotification(request.body, from);
        const job = await acceptNotification(tx, request.tenantId, notification);
        return {
          status: 200,
          location: `/v1/jobs/${job.id}`,
          body: {
            code: 'OK',
            errorSeverity: 'NONE',
            message: 'Ok',
            httpStatus: 200,
            requestId: job.id,
            date: clock().toISOString(),
          },
        };
      }),
  });
}

/** `code` and `requestId` are members of the problem already. */
function addEnvelope(problem: Problem, now: Date): IntegrationProblem {
  return {
    ...problem,
    errorSeverity: problem.status >= 500 ? 'FATAL' : 'ERROR',
    message: problem.detail,
    httpStatus: problem.status,
    date: now.toISOString(),
    errorOrigin: 'WAYPOST',
    data: problem.errors,
  };
}
