import type { FastifyInstance } from 'fastify';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { AppDependencies } from './app-dependencies.ts';
import { replyWithError } from './problem-reply.ts';
import type { RequestLimits } from './request-limits.ts';

/**
 * Answers `request_timeout` and closes the connection where a body has not come whole in time: Node's own time-out is made
 * for the longest of all requests, an import, and whoever lets a body drip would hold a place for as long.
 */
export function cutOffLateBodies(
  app: FastifyInstance,
  dependencies: Pick<AppDependencies, 'publicUrl' | 'clock'> & { readonly limits: RequestLimits },
): void {
  const { bodyMs } = dependencies.limits;
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { headers } = request.raw;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody || request.is404 || request.routeOptions.config.long === 'body') return done(null, payload);
    const timer = setTimeout(() => {
      const refusal = apiProblem('request_timeout', `The body did not arrive within ${bodyMs / 1_000} s.`);
      reply.header('connection', 'close');
      replyWithError(refusal, request, reply, dependencies);
    }, bodyMs);
    const stop = (): void => clearTimeout(timer);
    request.raw.once('end', stop).once('close', stop);
    return done(null, payload);
  });
}
