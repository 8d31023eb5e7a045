import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, showProblems } from '../domain/problems/problem.ts';
import { Refusal, apiProblem, toRefusalProblem } from '../domain/problems/refusal.ts';
import { isTransientFault } from '../store/database-faults.ts';
import { rememberMethods } from './allowed-methods.ts';
import type { AppDependencies } from './app-dependencies.ts';

/** How soon to come back when a part of ours is away: long enough for a failover to be noticed, short for a person. */
const retryAfterOutageSeconds = 5;

type ReplyDependencies = Pick<AppDependencies, 'publicUrl' | 'clock'>;

/** Turns everything that can go wrong at the door into problem documents, unknown routes and methods included. */
export function answerErrorsWithProblems(app: FastifyInstance, dependencies: ReplyDependencies): void {
  app.setErrorHandler((error, request, reply) => replyWithError(error, request, reply, dependencies));
  const methodsOf = rememberMethods(app);
  // Before the body: of a route that is not there nobody can say what it reads.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw refuseRoute(methodsOf(request.url.split('?', 1)[0] ?? '/'), reply);
  });
}

/** Gives the stored problems of every answer their addresses: those of a document, of a page of documents, and of their attempts. */
export function showStoredProblems(app: FastifyInstance, { publicUrl }: Pick<AppDependencies, 'publicUrl'>): void {
  const show = (view: object): object => {
    const { attempts } = view as { readonly attempts?: unknown };
    return showProblems(Array.isArray(attempts) ? { ...view, attempts: attempts.map(show) } : view, publicUrl);
  };
  app.addHook('preSerialization', async (_request, _reply, payload: unknown) => {
    if (typeof payload !== 'object' || payload === null) return payload;
    const { data } = payload as { readonly data?: unknown };
    return Array.isArray(data) ? { ...payload, data: data.map(show) } : show(payload);
  });
}

export function replyWithError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: ReplyDependencies,
): FastifyReply {
  const refusal = toRefusal(error, request);
  if (refusal.code === 'internal_error') request.log.error({ err: error }, 'request failed');
  else if (refusal.code === 'service_unavailable') request.log.warn({ err: error }, 'request failed for an outage');
  // The rest of its body is passed over: closed on it, the connection would be reset and this answer lost.
  if (refusal.code === 'overloaded') reply.removeHeader('connection');
  if (refusal.retryAfterSeconds !== null) reply.header('retry-after', String(refusal.retryAfterSeconds));
  if (refusal.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  return sendProblem(reply, describeRefusal(refusal, request, dependencies));
}

/** The document of a refusal, for answers that carry several of them. */
export function describeRefusal(refusal: Refusal, request: FastifyRequest, dependencies: ReplyDependencies): Problem {
  return toRefusalProblem(refusal, {
    publicUrl: dependencies.publicUrl,
    requestId: request.id,
    // Not even empty where the router gave up before any hook.
    tenantId: request.tenantId || null,
    occurredAt: dependencies.clock().toISOString(),
  });
}

export function sendProblem(reply: FastifyReply, problem: Readonly<Record<string, unknown>> | Problem): FastifyReply {
  reply.request.problemCode = String(problem.code);
  // As bytes: fastify would add a charset to the media type, which RFC 9457 registers without one.
  return reply
    .code(Number(problem.status))
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)));
}

function toRefusal(error: unknown, { raw }: FastifyRequest): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return apiProblem('internal_error', faultDetail);
  // The caller went away in the middle of a body: no outage of ours, though its error has the code of one.
  if (raw.errored === error) return cutOff();
  return fromFastify(error) ?? fromOutage(error) ?? apiProblem('internal_error', faultDetail, { cause: error });
}

const faultDetail = 'Waypost failed to answer; the request may or may not have taken effect.';

function fromOutage(error: Error): Refusal | null {
  if (!isTransientFault(error)) return null;
  return apiProblem('service_unavailable', 'The database cannot answer for the moment.', {
    retryAfterSeconds: retryAfterOutageSeconds,
    cause: error,
  });
}

/** fastify's own refusals, by its codes. */
const refusalByFastifyCode: ReadonlyMap<string, readonly [code: string, detail: string]> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['payload_too_large', 'The body is larger than this route accepts.']],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    ['unsupported_media_type', 'The body has a media type that this route does not read.'],
  ],
  ['FST_ERR_BAD_URL', ['route_not_found', 'The path is not well-formed.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['route_not_found', 'A part of the path is longer than any id.']],
]);

/** What is left of fastify's errors with a 4xx status is a body that we could not read. */
function fromFastify(error: Error & Partial<FastifyError>): Refusal | null {
  const known = refusalByFastifyCode.get(error.code ?? '');
  if (known !== undefined) return apiProblem(...known);
  const isUnreadable = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return isUnreadable ? cutOff() : null;
}

function cutOff(): Refusal {
  return apiProblem('malformed_json', 'The body could not be read to its end.');
}

function refuseRoute(allowed: readonly string[], reply: FastifyReply): Refusal {
  if (allowed.length === 0) return apiProblem('route_not_found', 'No route answers to this path.');
  reply.header('allow', allowed.join(', '));
  return apiProblem('method_not_allowed', `This path answers to ${allowed.join(', ')}.`);
}
