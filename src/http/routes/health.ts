import { z } from 'zod';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { type CheckName, checkNames, checkReadiness } from '../../usecases/check-readiness.ts';
import { publicAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { shareBriefly, shareMetrics } from '../probe-cache.ts';
import { describeRefusal, sendProblem } from '../problem-reply.ts';

/** Without these nothing can be taken in; without the rest it waits in the database. */
const neededForIntake: readonly CheckName[] = ['postgres', 'schema'];
const readiness = z.object({
  status: z.enum(['ok', 'degraded']),
  checks: z.record(z.enum(checkNames), z.enum(['ok', 'down', 'unknown'])),
  down: z.array(z.enum(checkNames)),
  degraded: z.array(z.enum(checkNames)).describe('What is away and stops deliveries, not intake'),
  details: z.partialRecord(z.enum(checkNames), z.string()).describe('What is wrong, of each that is not `ok`'),
});

/** Probes and figures. They are public because they name nothing of a tenant; keep `/metrics` inside by the network. */
export function registerHealthRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    | 'transactions'
    | 'schemaVersion'
    | 'checkTemporal'
    | 'wallMs'
    | 'metrics'
    | 'hasOwnMetricsPort'
    | 'publicUrl'
    | 'clock'
  > & { readonly probeCacheMs: number },
): void {
  const { probeCacheMs } = dependencies;
  const check = shareBriefly(() => checkReadiness(dependencies), probeCacheMs);

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
      summary: 'Whether messages can be taken in, and what deliveries lack',
      description:
        '503 with the same `checks` and the names in `down` where Postgres or a fitting schema is missing. Temporal, its ' +
        'namespace, search attributes, workers and the clocks (apart by at most 5 s) are needed for deliveries alone: 200 ' +
        'with the names in `degraded`. At most a second old.',
      response: { 200: readiness },
    },
    async handler(request, reply) {
      const { checks, details } = await check();
      const away = checkNames.filter((name) => checks[name] === 'down');
      const down = away.filter((name) => neededForIntake.includes(name));
      const degraded = away.filter((name) => !neededForIntake.includes(name));
      if (down.length === 0) {
        const status = degraded.length === 0 ? ('ok' as const) : ('degraded' as const);
        return { status, checks, down, degraded, details };
      }
      reply.header('retry-after', '2');
      const refusal = apiProblem('service_unavailable', `Down: ${down.join(', ')}.`);
      return sendProblem(reply, {
        ...describeRefusal(refusal, request, dependencies),
        checks,
        down,
        degraded,
        details,
      });
    },
  });

  if (dependencies.hasOwnMetricsPort) return;
  const figures = shareMetrics(dependencies.metrics, probeCacheMs);
  app.get('/metrics', {
    config: { access: publicAccess },
    schema: {
      operationId: 'getMetrics',
      tags: ['operation'],
      summary: 'Figures for Prometheus',
      description: 'On a port of its own where `WAYPOST_METRICS_PORT` is set. At most a second old.',
      produces: ['text/plain'],
      response: { 200: z.string() },
    },
    async handler(_request, reply) {
      const { type, body } = await figures();
      return reply.type(type).send(body);
    },
  });
}
