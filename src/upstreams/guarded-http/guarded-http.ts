import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Pool } from 'undici';
import type { HttpOutcome } from '../../domain/failure.ts';
import { createDialer } from './dial.ts';
import { type DownloadOutcome, type DownloadRequest, runDownload } from './download.ts';
import { type BeforeWrite, runExchange } from './exchange.ts';
import { createNameResolver } from './name-resolver.ts';
import { createOriginPools, type RequestOwner } from './origin-pools.ts';
import { createHostResolver } from './resolve-host.ts';
import type { ResolveName } from './resolve-host.ts';
import type { UrlGuard } from './url-guard.ts';

const maxHeaderBytes = 16 * 1024;

export interface HttpRequest {
  readonly owner: RequestOwner;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  /** Budget from the moment the request is written to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Replaces the client's own bound for this answer. */
  readonly maxBodyBytes?: number;
  /**
   * The last word, spoken when name look-up, connection and waiting for a free connection are over, in the same turn of the
   * event loop as the write: whoever must not send any more (a claim too old, a cancelled batch) throws. The outcome is the
   * fault `withdrawn` with the error's message; it says nothing about the destination and counts against nobody.
   */
  readonly beforeWrite?: BeforeWrite | undefined;
}

export interface GuardedHttp {
  /**
   * Sends one request, at most once, and never follows a redirect. Always resolves: an upstream's refusal, silence or
   * nonsense is an outcome. Takes at most `dnsTimeoutMs + connectTimeoutMs + timeoutMs`. Rejects only after `close()`.
   */
  request(request: HttpRequest): Promise<HttpOutcome>;
  /**
   * Asks once with GET, under the same rules, and hands the answer on while it comes. Always resolves, and rejects only
   * after `close()`. Its connection is busy until the body is read to its end or destroyed.
   */
  download(request: DownloadRequest): Promise<DownloadOutcome>;
  /** Lets requests under way end, then closes every connection. */
  close(): Promise<void>;
}

/**
 * The one way out to the network for URLs that a tenant gave: HTTP/1.1, no proxy from the environment, no redirects,
 * addresses vetted when they are dialled, and every size and wait bounded.
 */
export function createGuardedHttp(dependencies: {
  readonly guard: UrlGuard;
  /** Of one owner to one origin. */
  readonly connectionsPerOwner: number;
  readonly connectTimeoutMs?: number;
  readonly dnsTimeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly resolveName?: ResolveName;
  readonly nowMs?: () => number;
  readonly monotonicNowMs?: () => number;
}): GuardedHttp {
  const { guard, connectTimeoutMs = 5000, dnsTimeoutMs = 5000 } = dependencies;
  const resolveName = dependencies.resolveName ?? createNameResolver({ timeoutMs: dnsTimeoutMs });
  const { nowMs = Date.now, monotonicNowMs = () => performance.now() } = dependencies;
  const resolveHost = createHostResolver({ guard, resolveName, dnsTimeoutMs });
  const poolOptions: Pool.Options = {
    connections: dependencies.connectionsPerOwner,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: maxHeaderBytes,
    // The exchange has one clock of its own over headers and body together; two would disagree.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const pools = createOriginPools(({ tenantId }) => ({
    ...poolOptions,
    connect: createDialer({ resolveHost, tenantId, connectTimeoutMs }),
  }));
  let isClosed = false;

  /** Where and what to ask; a text says why not. */
  function admit(owner: RequestOwner, url: string, headers: Readonly<Record<string, string>>) {
    if (isClosed) throw new Error('The HTTP client is closed.');
    const verdict = guard.checkUrl(url);
    if (!verdict.ok) return verdict.reason;
    const badHeader = findBadHeader(headers);
    if (badHeader !== null) return `The header ${badHeader} would hold characters that HTTP does not allow.`;
    const { origin, pathname, search } = verdict.url;
    return {
      dispatcher: pools.take(origin, owner),
      target: {
        path: pathname + search,
        headers: { 'user-agent': 'Waypost', 'accept-encoding': 'identity', ...headers },
      },
    };
  }

  return {
    async request({ owner, method, url, headers, body, timeoutMs, beforeWrite, ...bounds }) {
      const admitted = admit(owner, url, headers);
      if (typeof admitted === 'string') return { ...refuse(admitted), durationMs: 0 };
      return runExchange({
        dispatcher: admitted.dispatcher,
        options: { method, ...admitted.target, body },
        waitTimeoutMs: dnsTimeoutMs + connectTimeoutMs,
        timeoutMs,
        maxBodyBytes: bounds.maxBodyBytes ?? dependencies.maxBodyBytes ?? 64 * 1024,
        beforeWrite,
        nowMs,
        monotonicNowMs,
      });
    },
    async download({ owner, url, headers, ...bounds }) {
      const admitted = admit(owner, url, headers);
      if (typeof admitted === 'string') return refuse(admitted);
      return runDownload({
        ...bounds,
        dispatcher: admitted.dispatcher,
        options: { method: 'GET', ...admitted.target },
        waitTimeoutMs: dnsTimeoutMs + connectTimeoutMs,
        nowMs,
      });
    },
    async close() {
      isClosed = true;
      await pools.close();
    },
  };
}

function refuse(detail: string) {
  return { answered: false, fault: 'url_not_allowed', detail } as const;
}

/**
 * Undici too would refuse such a header, but its pool then takes the connection for busy for ever: a bad access token
 * could starve an origin that many channels share.
 */
function findBadHeader(headers: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      return name; // never the value: it may be a secret
    }
  }
  return null;
}
