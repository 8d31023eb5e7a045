import { ConnectionError, readRetryAfterMs } from './problem-error.ts';

export interface RetryOptions {
  /** Tries after the first one; 0 = none. */
  readonly maxRetries?: number;
  /** All waits of one call together. What asks for more (`Retry-After`) is given back at once. */
  readonly maxWaitMs?: number;
}

/** What sends one request: `fetch`, or one that a test or a proxy puts in its place. */
export type Fetch = (request: Request, init?: RequestInit) => Promise<Response>;

const defaultMaxRetries = 4;
const defaultMaxWaitMs = 60_000;
const firstWaitMs = 250;
const longestBackOffMs = 8_000;

/** Refused before anything was done: safe for every method. */
const refusedStatuses = new Set([429, 503]);
/** A gateway lost the answer: what was asked may have been done. */
const lostStatuses = new Set([502, 504]);

/**
 * Repeats what was refused for now (429, 503, 409 of a key that is in use), and, where a second time changes nothing (GET, PUT, PATCH,
 * DELETE, an `Idempotency-Key`), what got no answer. The last answer is given back as it is; without one it throws `ConnectionError`.
 */
export function createRetryingFetch(send: Fetch, options: RetryOptions & { readonly timeoutMs: number }): Fetch {
  const { maxRetries = defaultMaxRetries, maxWaitMs = defaultMaxWaitMs, timeoutMs } = options;
  return async (request) => {
    const isRepeatable = request.method !== 'POST' || request.headers.has('idempotency-key');
    let waitedMs = 0;
    for (let retry = 0; ; retry += 1) {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
      const outcome = await send(request.clone(), { signal }).catch((error: unknown) => ({ error }));
      request.signal.throwIfAborted();
      const askedMs = 'error' in outcome ? null : readRetryAfterMs(outcome.headers, Date.now());
      const waitMs = askedMs ?? backOffMs(retry);
      const goesOn = retry < maxRetries && waitedMs + waitMs <= maxWaitMs && isForNow(outcome, isRepeatable, askedMs);
      if (!goesOn) {
        if ('error' in outcome) throw describeFailure(request, retry + 1, outcome.error);
        return outcome;
      }
      if (!('error' in outcome)) await outcome.body?.cancel();
      await sleep(waitMs, request.signal);
      waitedMs += waitMs;
    }
  };
}

function isForNow(outcome: Response | { error: unknown }, isRepeatable: boolean, askedMs: number | null): boolean {
  if ('error' in outcome) return isRepeatable;
  if (refusedStatuses.has(outcome.status)) return true;
  // The first call with this key still runs: its answer comes soon.
  if (outcome.status === 409) return isRepeatable && askedMs !== null;
  return isRepeatable && lostStatuses.has(outcome.status);
}

/** 0.25, 0.5, 1 … 8 s, ±20 %, so that callers who were refused together do not come back together. */
export function backOffMs(retry: number, first = firstWaitMs, longest = longestBackOffMs): number {
  return Math.min(first * 2 ** retry, longest) * (0.8 + Math.random() * 0.4);
}

/** Ends early, with the signal's reason, when it is aborted. */
export function sleep(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // The reason is what the caller gave to `abort`, an error unless it chose otherwise.
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, waitMs);
    const leave = (): void => {
      clearTimeout(timer);
      stop();
    };
    signal.addEventListener('abort', leave, { once: true });
  });
}

function describeFailure({ method, url }: Request, tries: number, error: unknown): ConnectionError {
  const { host, pathname } = new URL(url);
  const times = tries === 1 ? 'one try' : `${tries} tries`;
  return new ConnectionError(`${method} ${pathname} got no answer from ${host} in ${times}: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}
