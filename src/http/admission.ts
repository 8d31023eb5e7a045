import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Gauge } from 'prom-client';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { AppDependencies } from './app-dependencies.ts';
import type { RequestLimits } from './request-limits.ts';
import { createShedCounter, type ShedReason } from './shed-counter.ts';

/** Above a bound everybody waits longer than the calls under way take, so a second is enough. */
const retryAfterSeconds = 1;

type Bound = Exclude<ShedReason, 'waiting_jobs' | 'held_jobs' | 'unknown_callers'>;
const details: Readonly<Record<Bound, string>> = {
  requests_in_flight: 'This process answers as many requests at once as it can.',
  body_bytes: 'This process holds as many bytes of requests as it can.',
  database_queue: 'Too many requests wait for the database.',
  share: 'This process answers as many requests of this tenant or channel at once as it may.',
};

/** What requests of one kind, or of one tenant or channel, hold at the moment. */
interface Usage {
  requests: number;
  bytes: number;
}

/** The place of one request in this process, from its admission to the end of its answer. */
export interface Admission {
  /** Says whose request it is; refuses with `overloaded` where the tenant has its share of this process already. */
  claimTenant(tenantId: string): void;
  /** The same for a channel that is called without a key. */
  claimChannel(channelId: string, tenantId: string): void;
  /** Takes room for bytes of the body that have arrived; refuses with `overloaded`. */
  takeBytes(count: number): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nothing is counted: probes, documentation, and streams of events, which are bounded by themselves. */
    admission: Admission | null;
  }
}

/**
 * Refuses with `overloaded` what would only queue, before a key is looked up or a byte of a body is read. What it counts is
 * what fills when this process or its database cannot keep up: requests, the bytes of bodies that have arrived, and callers
 * of the pool. A body that is only announced takes nothing. Calls with a key and calls without have budgets of their own,
 * and no tenant or channel can take a whole one.
 */
export function admitRequests(
  app: FastifyInstance,
  dependencies: Pick<AppDependencies, 'metrics' | 'poolCounts'> & { readonly limits: RequestLimits },
): void {
  const { limits, poolCounts, metrics } = dependencies;
  const countShed = createShedCounter(metrics);
  const used = { keyed: { requests: 0, bytes: 0 }, callback: { requests: 0, bytes: 0 } };
  /** By tenant or channel; holds only those that have a request in flight. */
  const shares = new Map<string, Usage>();
  gauge(metrics, used);

  function refuse(bound: Bound): never {
    countShed(bound);
    // The connection stays: closed on a body that is still coming it would be reset, and this answer lost with it.
    throw apiProblem('overloaded', details[bound], { retryAfterSeconds });
  }

  function admit(kind: keyof typeof used, hasBody: boolean): Admission & { readonly leave: () => void } {
    const ofKind = used[kind];
    const maxBytes = kind === 'keyed' ? limits.keyedBodyBytes : limits.callbackBodyBytes;
    if (ofKind.requests >= (kind === 'keyed' ? limits.keyedRequests : limits.callbackRequests))
      refuse('requests_in_flight');
    if (poolCounts().waiting >= limits.databaseQueue) refuse('database_queue');
    if (hasBody && ofKind.bytes >= maxBytes) refuse('body_bytes');
    ofKind.requests += 1;
    let bytes = 0;
    let hasLeft = false;
    const claimed: { readonly owner: string; readonly share: Usage }[] = [];

    function claim(owner: string, maxRequests: number): void {
      const share = shares.get(owner) ?? { requests: 0, bytes: 0 };
      if (share.requests >= maxRequests) refuse('share');
      shares.set(owner, share);
      share.requests += 1;
      claimed.push({ owner, share });
    }

    return {
      claimTenant: (tenantId) => claim(tenantId, limits.tenantRequests),
      claimChannel(channelId, tenantId) {
        claim(tenantId, limits.tenantRequests);
        claim(channelId, limits.channelRequests);
      },
      takeBytes(count) {
        // One body is always taken, however large: else it never could be.
        if (ofKind.bytes > bytes && ofKind.bytes + count > maxBytes) refuse('body_bytes');
        for (const { share } of claimed) {
          if (share.bytes > bytes && share.bytes + count > maxBytes / 2) refuse('share');
        }
        if (hasLeft) return;
        bytes += count;
        for (const usage of [ofKind, ...claimed.map(({ share }) => share)]) usage.bytes += count;
      },
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        ofKind.requests -= 1;
        ofKind.bytes -= bytes;
        for (const { owner, share } of claimed) {
          share.requests -= 1;
          share.bytes -= bytes;
          if (share.requests === 0) shares.delete(owner);
        }
      },
    };
  }

  app.decorateRequest('admission', null);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return done();
    const { access, long } = request.routeOptions.config;
    if (access.kind === 'public' || long === 'answer') return done();
    try {
      const admission = admit(access.kind === 'callback' ? 'callback' : 'keyed', hasBody(request));
      request.admission = admission;
      // One that was answered finishes, one whose client went away only closes.
      reply.raw.once('finish', admission.leave).once('close', admission.leave);
      return done();
    } catch (refusal) {
      // `admit` throws nothing but refusals.
      return done(refusal as Error);
    }
  });
}

/** An import is read line by line, and never held. */
function hasBody({ raw: { headers }, routeOptions }: FastifyRequest): boolean {
  if (routeOptions.config.long === 'body') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function gauge(metrics: AppDependencies['metrics'], used: Readonly<Record<'keyed' | 'callback', Usage>>): void {
  const bytes = new Gauge({
    name: 'waypost_request_body_bytes',
    help: 'Bytes of bodies that have arrived and are not answered yet: of callers with a key, and of WhatsApp and the bots',
    labelNames: ['kind'],
    registers: [metrics],
  });
  new Gauge({
    name: 'waypost_requests_in_flight',
    help: 'Requests that are being answered: of callers with a key, and of WhatsApp and the bots',
    labelNames: ['kind'],
    registers: [metrics],
    collect() {
      for (const [kind, usage] of Object.entries(used)) {
        this.set({ kind }, usage.requests);
        bytes.set({ kind }, usage.bytes);
      }
    },
  });
}
