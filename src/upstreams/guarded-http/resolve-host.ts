import { NetworkError, codeOf } from './network-error.ts';
import { addressesOfHost } from './url-guard.ts';
import type { UrlGuard } from './url-guard.ts';

/** What a name stands for; no addresses = there is no such name. The answer may be used again for `ttlMs`. */
export interface ResolvedName {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

/** Looks a name up once; rejects where nobody could tell. */
export type ResolveName = (hostname: string) => Promise<ResolvedName>;

/**
 * The addresses that may be dialled for a host, at least one; rejects with a `NetworkError`: `dns`, `url_not_allowed`, or
 * `local_capacity` = the look-up never began.
 */
export type ResolveHost = (hostname: string, tenantId: string) => Promise<readonly string[]>;

/** Look-ups under way at once, of all tenants and of one: a tenant's dead names delay its own other names at most. */
const maxLookups = 128;
const maxLookupsPerTenant = 8;
/** An address that moved is found within this, whatever its name server allows. */
const longestUseMs = 30_000;
/** A name that failed is not asked for again so soon: a dead one costs a look-up each ten seconds, not one each call. */
const failureUseMs = 5_000;
const maxNames = 1_000;

type Answer = { readonly addresses: readonly string[] } | { readonly error: NetworkError };

/**
 * Resolves a host and vets every address of it on each call: one that is not allowed refuses the whole name, because a name
 * with mixed answers is how an inner address is smuggled past a check.
 */
export function createHostResolver(dependencies: {
  readonly guard: UrlGuard;
  readonly resolveName: ResolveName;
  readonly dnsTimeoutMs: number;
}): ResolveHost {
  const { guard, resolveName, dnsTimeoutMs } = dependencies;
  const answers = new Map<string, { readonly answer: Answer; readonly untilMs: number }>();
  // Calls that overlap share one look-up.
  const underWay = new Map<string, Promise<Answer>>();
  const semaphore = createTenantSemaphore({ total: maxLookups, perTenant: maxLookupsPerTenant });

  function remember(hostname: string, answer: Answer, useMs: number): Answer {
    answers.delete(hostname);
    if (useMs > 0) answers.set(hostname, { answer, untilMs: performance.now() + useMs });
    const [oldest] = answers.keys();
    if (answers.size > maxNames && oldest !== undefined) answers.delete(oldest);
    return answer;
  }

  function recall(hostname: string): Promise<Answer> | Answer | undefined {
    const known = answers.get(hostname);
    return known !== undefined && known.untilMs > performance.now() ? known.answer : underWay.get(hostname);
  }

  async function lookUp(hostname: string): Promise<Answer> {
    try {
      const { addresses, ttlMs } = await withinTime(resolveName(hostname), hostname, dnsTimeoutMs);
      if (addresses.length === 0) throw new NetworkError('dns', `The host ${hostname} has no address.`);
      return remember(hostname, { addresses }, Math.min(ttlMs, longestUseMs));
    } catch (error) {
      const detail = `The host ${hostname} could not be resolved (${codeOf(error)}).`;
      const failure = error instanceof NetworkError ? error : new NetworkError('dns', detail);
      return remember(hostname, { error: failure }, failureUseMs);
    }
  }

  async function resolve(hostname: string, tenantId: string): Promise<Answer> {
    const known = recall(hostname);
    if (known !== undefined) return known;
    const release = await semaphore.acquire(tenantId, dnsTimeoutMs);
    if (release === null) {
      const detail = `No name look-up was free within ${dnsTimeoutMs} ms; nothing was sent.`;
      return { error: new NetworkError('local_capacity', detail) };
    }
    // Another may have asked while this one waited.
    const asking =
      recall(hostname) ??
      lookUp(hostname).finally(() => {
        underWay.delete(hostname);
      });
    if (asking instanceof Promise) underWay.set(hostname, asking);
    try {
      return await asking;
    } finally {
      release();
    }
  }

  return async (hostname, tenantId) => {
    const named = addressesOfHost(hostname);
    // Without a resolver nothing can be smuggled in: of `localhost`'s two addresses the allowed one will do.
    const answer =
      named.length > 0
        ? { addresses: named.filter((address) => guard.isAddressAllowed(address)) }
        : await resolve(hostname, tenantId);
    if ('error' in answer) throw answer.error;
    const { addresses } = answer;
    if (addresses.length === 0 || !addresses.every((address) => guard.isAddressAllowed(address))) {
      throw new NetworkError('url_not_allowed', `The host ${hostname} stands for an address that is not allowed.`);
    }
    return addresses;
  };
}

/** Waiters are served in order of asking, but for those whose tenant has as many as it may. */
function createTenantSemaphore({ total, perTenant }: { readonly total: number; readonly perTenant: number }) {
  const held = new Map<string, number>();
  const waiting: { readonly tenantId: string; readonly admit: () => void }[] = [];
  let free = total;

  const hasRoom = (tenantId: string) => free > 0 && (held.get(tenantId) ?? 0) < perTenant;

  function enter(tenantId: string): () => void {
    free -= 1;
    held.set(tenantId, (held.get(tenantId) ?? 0) + 1);
    return () => {
      free += 1;
      const left = (held.get(tenantId) ?? 1) - 1;
      if (left === 0) held.delete(tenantId);
      else held.set(tenantId, left);
      waiting.find((each) => hasRoom(each.tenantId))?.admit();
    };
  }

  return {
    /** The function gives the place back; null = there was none in time. */
    acquire(tenantId: string, waitMs: number): Promise<(() => void) | null> {
      if (hasRoom(tenantId)) return Promise.resolve(enter(tenantId));
      return new Promise((resolve) => {
        const waiter = { tenantId, admit: () => end(enter(tenantId)) };
        const timer = setTimeout(() => end(null), waitMs);
        function end(release: (() => void) | null): void {
          clearTimeout(timer);
          waiting.splice(waiting.indexOf(waiter), 1);
          resolve(release);
        }
        waiting.push(waiter);
      });
    },
  };
}

async function withinTime<T>(work: Promise<T>, hostname: string, dnsTimeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    const detail = `The host ${hostname} could not be resolved within ${dnsTimeoutMs} ms.`;
    timer = setTimeout(() => reject(new NetworkError('dns', detail)), dnsTimeoutMs);
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
