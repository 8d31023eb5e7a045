import fastify, { type FastifyInstance, LogController } from 'fastify';
import { type ZodTypeProvider, serializerCompiler } from 'fastify-type-provider-zod';
import { createConsoleSessions } from '../console/session.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { publicAccess } from './access.ts';
import { admitRequests } from './admission.ts';
import { type App, bodyLimitBytes } from './app.ts';
import type { AppDependencies } from './app-dependencies.ts';
import { authenticateRequests } from './authentication.ts';
import { answerOddRequests, createBrokenRequestHandler, refuseWithoutHost } from './broken-requests.ts';
import { closeConnectionsOnDrain } from './drain.ts';
import { createCallbackKeys } from './callback-keys.ts';
import { createChildLogger, logAnswers } from './log.ts';
import { measureRequests } from './metrics.ts';
import { keepCursorsApart } from './own-cursors.ts';
import { describeRoutes, serveDescription } from './openapi.ts';
import { answerErrorsWithProblems, replyWithError, showStoredProblems } from './problem-reply.ts';
import { probeCacheMs } from './probe-cache.ts';
import { readQueriesAsMeant } from './queries.ts';
import { createBodyReader } from './read-body.ts';
import { acceptJsonBodies } from './read-json.ts';
import { createRequestIdSource } from './request-id.ts';
import { type RequestLimits, requestLimits } from './request-limits.ts';
import { registerRoutes } from './routes.ts';
import { createStrangerLookups } from './stranger-lookups.ts';
import { validateWithZod } from './validation.ts';

const maxHeaderBytes = 16 * 1024;
/** How often Node looks for requests that are late. */
const checkConnectionsMs = 5_000;
/** Node's own default; a streamed import is one request and may take as long. */
const requestTimeoutMs = 300_000;
/** Longer than the 60 s that load balancers keep idle connections, so that it is never us who close first. */
const keepAliveTimeoutMs = 65_000;
/** Ids of other systems stand in paths, percent-encoded. */
const maxParamChars = 1_000;

/** Builds the HTTP floor: everything but the listening. Rejects when a route is not declared as it must be. */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const limits = { ...requestLimits, ...dependencies.limits };
  const app = createServer(dependencies, limits);
  app.server.maxConnections = limits.connections;
  app.setValidatorCompiler(validateWithZod);
  app.setSerializerCompiler(serializerCompiler);
  const readBody = createBodyReader(limits);
  acceptJsonBodies(app, readBody);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    refuseWithoutHost(request.raw);
    refuseUnreadable(request.url, request.headers['content-encoding']);
  });
  answerErrorsWithProblems(app, dependencies);
  showStoredProblems(app, dependencies);
  answerOddRequests(app.server, dependencies);
  closeConnectionsOnDrain(app);
  app.addHook('onClose', () => dependencies.channelSigns.flush());
  opensDocs(app);
  admitRequests(app, { ...dependencies, limits });
  const strangers = createStrangerLookups(dependencies);
  const sessions = createConsoleSessions(dependencies);
  authenticateRequests(app, { ...dependencies, strangers, sessions });
  logAnswers(app);
  measureRequests(app, dependencies);
  readQueriesAsMeant(app);
  keepCursorsApart(app);
  await describeRoutes(app, dependencies);
  const callbackKeys = createCallbackKeys({ ...dependencies, strangers });
  const { probeCacheMs: keepMs = probeCacheMs } = dependencies;
  registerRoutes(app, { ...dependencies, callbackKeys, readBody, sessions, probeCacheMs: keepMs });
  await serveDescription(app);
  await app.ready();
  return app;
}

function createServer(dependencies: AppDependencies, { headerMs }: RequestLimits): App {
  const { log } = dependencies;
  return fastify({
    ...(log === undefined ? { logger: false } : { loggerInstance: log }),
    childLoggerFactory: createChildLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: createRequestIdSource(dependencies),
    requestIdHeader: false,
    bodyLimit: bodyLimitBytes.default,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headerMs,
      connectionsCheckingInterval: Math.min(checkConnectionsMs, headerMs),
      // Node's own answer to a request without a host has no body.
      requireHostHeader: false,
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxParamChars },
    // While it drains, a request on an open connection is answered as always, and the connection closed after it.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      replyWithError(error, request, reply, dependencies);
    },
    clientErrorHandler: createBrokenRequestHandler(dependencies),
  }).withTypeProvider<ZodTypeProvider>();
}

function refuseUnreadable(url: string, contentEncoding: string | undefined): void {
  // No name or id of ours holds a NUL, and Postgres refuses texts that do.
  if (url.includes('%00')) {
    throw apiProblem('invalid_request', 'The URL holds a NUL.', {
      errors: [{ detail: 'holds a NUL', pointer: '/path' }],
    });
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw apiProblem('unsupported_media_type', 'Compressed bodies are not read.');
  }
}

/** The pages of the documentation come from a plugin that knows nothing of our access rules. */
function opensDocs(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (/^\/docs(\/|$)/.test(route.url)) route.config = { ...route.config, access: publicAccess };
  });
}
