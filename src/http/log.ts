import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { type IdKind, isId } from '../domain/ids.ts';

/**
 * Lines about requests hold no URL (capabilities and phone numbers stand in paths), no headers and no bodies, and of an
 * error its name, code and frames: its message may quote what people wrote.
 */
export const createChildLogger: NonNullable<FastifyServerOptions['childLoggerFactory']> = (logger, bindings, options) =>
  logger.child(bindings, { ...options, serializers: { ...options.serializers, err: describeError } });

function describeError(error: Error & { readonly code?: string }) {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { type: error.name, code: error.code, stack: frames.slice(0, 20).join('\n') };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem document that it was answered with; absent = it was not refused. */
    problemCode?: string;
  }
}

/** One line an answer, a refusal at `warn`: the route's template instead of its path, so that lines can be counted. */
export function logAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      tenantId: request.tenantId === '' ? undefined : request.tenantId,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      code: request.problemCode,
      jobId: findId(request, reply, ['message', 'notification', 'inbound']),
      channelId: findId(request, reply, ['channel']),
      durationMs: Math.round(reply.elapsedTime),
    };
    // Probes and scrapes come every few seconds and say nothing new while they succeed.
    if (line.code !== undefined) request.log.warn(line, 'refused');
    else if (reply.statusCode < 400 && /^\/(livez|readyz|metrics)$/.test(line.route ?? ''))
      request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}

/** Whose request it was about: by its path, or by the address of what it has made. Undefined = of none of these kinds. */
function findId({ params }: FastifyRequest, reply: FastifyReply, kinds: readonly IdKind[]): string | undefined {
  // The router fills it with texts by name.
  const named = Object.values((params ?? {}) as Record<string, string>);
  const made = String(reply.getHeader('location') ?? '')
    .split('/')
    .at(-1);
  return [...named, made].find((id) => id !== undefined && kinds.some((kind) => isId(kind, id)));
}
