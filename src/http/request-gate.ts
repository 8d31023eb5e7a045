import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Gauge } from 'prom-client';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { AppDependencies } from './app-dependencies.ts';
import type { RequestLimits } from './request-limits.ts';
import { createShedCounter, type ShedReason } from './shed-counter.ts';

/** Above a bound everybody waits longer than the calls under way take, so a second is enough. */
const retryAfterSeconds = 1;

const details: Readonly<Record<Exclude<ShedReason, 'waiting_jobs'>, string>> = {
  requests_in_flight: 'This process answers as many requests at once as it can.',
  body_bytes: 'This process holds as many bytes of requests as it can.',
  database_queue: 'Too many requests wait for the database.',
};

/**
 * Refuses with `overloaded` what would only queue, before a key is looked up or a byte of a body is read. What it counts is
 * what fills when this process or its database cannot keep up: requests, their bytes, and callers of the pool. Probes,
 * figures and documentation are answered all the same, and so are streams of events, which are bounded by themselves.
 */
export function boundRequests(
  app: FastifyInstance,
  dependencies: Pick<AppDependencies, 'metrics' | 'poolCounts'> & { readonly limits: RequestLimits },
): void {
  const { limits, poolCounts, metrics } = dependencies;
  const countShed = createShedCounter(metrics);
  const inFlight = { keyed: 0, callback: 0 };
  new Gauge({
    name: 'waypost_requests_in_flight',
    help: 'Requests that are being answered: of callers with a key, and of WhatsApp and the bots',
    labelNames: ['kind'],
    registers: [metrics],
    collect() {
      for (const [kind, count] of Object.entries(inFlight)) this.set({ kind }, count);
    },
  });
  let bodyBytes = 0;

  function findReason(kind: keyof typeof inFlight, bytes: number): keyof typeof details | null {
    if (inFlight[kind] >= (kind === 'keyed' ? limits.keyedRequests : limits.callbackRequests))
      return 'requests_in_flight';
    if (poolCounts().waiting >= limits.databaseQueue) return 'database_queue';
    return bytes > 0 && bodyBytes > 0 && bodyBytes + bytes > limits.bodyBytes ? 'body_bytes' : null;
  }

  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return done();
    const { access, long } = request.routeOptions.config;
    if (access.kind === 'public' || long === 'answer') return done();
    const kind = access.kind === 'callback' ? 'callback' : 'keyed';
    const bytes = bodyBytesOf(request);
    const reason = findReason(kind, bytes);
    if (reason !== null) {
      countShed(reason);
      // The connection stays: closed on a body that is still coming it would be reset, and this answer lost with it.
      return done(apiProblem('overloaded', details[reason], { retryAfterSeconds }));
    }
    inFlight[kind] += 1;
    bodyBytes += bytes;
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      inFlight[kind] -= 1;
      bodyBytes -= bytes;
    };
    // One that was answered finishes, one whose client went away only closes.
    reply.raw.once('finish', leave).once('close', leave);
    return done();
  });
}

/** What a body may come to take: what its length says, else what its route allows; an import is read line by line. */
function bodyBytesOf(request: FastifyRequest): number {
  const { headers, routeOptions } = request;
  if (routeOptions.config.long === 'body') return 0;
  if (headers['transfer-encoding'] !== undefined) return routeOptions.bodyLimit ?? 0;
  return Math.min(Number(headers['content-length'] ?? 0) || 0, routeOptions.bodyLimit ?? 0);
}
