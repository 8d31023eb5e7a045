import { z } from 'zod';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { checkNames, checkReadiness } from '../../usecases/check-readiness.ts';
import { publicAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { describeRefusal, sendProblem } from '../problem-reply.ts';

const checkResults = z.record(z.enum(checkNames), z.enum(['ok', 'down']));

/** Probes and figures. They are public because they name nothing of a tenant; keep `/metrics` inside by the network. */
export function registerHealthRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'schemaVersion' | 'isTemporalUp' | 'metrics' | 'publicUrl' | 'clock'
  >,
): void {
  app.get('/livez', {
    config: { access: publicAccess },
    schema: {
      operationId: 'getLiveness',
      tags: ['operation'],
      summary: 'Whether the process runs',
      response: { 200: z.object({ status: z.literal('ok') }) },
    },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.get('/readyz', {
    config: { access: publicAccess },
    schema: {
      operationId: 'getReadiness',
      tags: ['operation'],
      summary: 'Whether Postgres, its schema and Temporal answer',
      description: '503 with the same `checks` and the names in `down` when one of them does not answer within 2 s.',
      response: { 200: z.object({ status: z.literal('ok'), checks: checkResults, down: z.array(z.enum(checkNames)) }) },
    },
    async handler(request, reply) {
      const checks = await checkReadiness(dependencies);
      const down = checkNames.filter((name) => checks[name] === 'down');
      if (down.length === 0) return { status: 'ok' as const, checks, down };
      reply.header('retry-after', '2');
      const refusal = apiProblem('service_unavailable', `Down: ${down.join(', ')}.`);
      return sendProblem(reply, { ...describeRefusal(refusal, request, dependencies), checks, down });
    },
  });

  app.get('/metrics', {
    config: { access: publicAccess },
    schema: {
      operationId: 'getMetrics',
      tags: ['operation'],
      summary: 'Figures for Prometheus',
      produces: ['text/plain'],
      response: { 200: z.string() },
    },
    async handler(_request, reply) {
      return reply.type(dependencies.metrics.contentType).send(await dependencies.metrics.metrics());
    },
  });
}
