import createHttpClient, { type FetchResponse, type MaybeOptionalInit, type Middleware } from 'openapi-fetch';
import { keyedPaths, type paths } from './api-types.ts';
import { followEvents, type StreamedEvent, type StreamOptions } from './event-stream.ts';
import { readProblemError } from './problem-error.ts';
import { createRetryingFetch, type Fetch, type RetryOptions } from './retrying-fetch.ts';

export interface ClientOptions {
  /** Where the api is, such as `https://waypost.example`; a path in front of it is kept. */
  readonly url: string;
  /** A tenant's key, or the admin key. */
  readonly apiKey: string;
  /** With the admin key: the tenant to act for. */
  readonly tenantId?: string;
  readonly retries?: RetryOptions;
  /** How long one try may take, its answer's body included; default 30,000. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathsOf<Method extends Verb> = {
  [Path in keyof paths]: paths[Path] extends { [M in Method]: unknown } ? Path : never;
}[keyof paths];
type Init<Path extends keyof paths, Method extends Verb> = MaybeOptionalInit<paths[Path], Method>;
type DataOf<Operation extends Record<string | number, unknown>> = Exclude<
  FetchResponse<Operation, object, 'application/json'>['data'],
  undefined
>;
/** The body of a successful answer; undefined where it has none. */
type Answer<Path extends keyof paths, Method extends Verb> =
  paths[Path][Method] extends Record<string | number, unknown>
    ? [DataOf<paths[Path][Method]>] extends [never]
      ? undefined
      : DataOf<paths[Path][Method]>
    : never;
/** The second argument may be left out where the call needs none. */
type Arguments<Given> = undefined extends Given ? [init?: Given] : [init: Given];

/** One call: the body of its answer, or a thrown `ProblemError` or `ConnectionError`. */
type Call<Method extends Verb> = <Path extends PathsOf<Method>>(
  path: Path,
  ...init: Arguments<Init<Path, Method>>
) => Promise<Answer<Path, Method>>;

interface Page<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}
/** Lists that go on by `cursor`. */
type ListPath = {
  [Path in PathsOf<'get'>]: paths[Path]['get'] extends { parameters: { query?: { cursor?: string } } }
    ? Answer<Path, 'get'> extends Page<unknown>
      ? Path
      : never
    : never;
}[PathsOf<'get'>];
type ItemOf<Path extends ListPath> = Answer<Path, 'get'> extends Page<infer Item> ? Item : never;

export interface Client {
  readonly get: Call<'get'>;
  /** Repeatable where the call takes an `Idempotency-Key`: one is made for each call, unless it is given, and kept over its retries. */
  readonly post: Call<'post'>;
  readonly put: Call<'put'>;
  readonly patch: Call<'patch'>;
  readonly delete: Call<'delete'>;
  /** All items of a list, fetched page by page as they are asked for. */
  list<Path extends ListPath>(path: Path, ...init: Arguments<Init<Path, 'get'>>): AsyncGenerator<ItemOf<Path>>;
  /** The same, page by page. */
  pages<Path extends ListPath>(path: Path, ...init: Arguments<Init<Path, 'get'>>): AsyncGenerator<Page<ItemOf<Path>>>;
  /** Events as they happen, from now on or behind `after`; comes again by `Last-Event-ID`, so that none is left out. */
  events(options?: StreamOptions): AsyncGenerator<StreamedEvent>;
}

const defaultTimeoutMs = 30_000;

/** A client of one api with one key. Keeps no state but its settings, so one may serve a whole process. */
export function createClient(options: ClientOptions): Client {
  const { url, apiKey, tenantId, retries = {}, timeoutMs = defaultTimeoutMs } = options;
  const send: Fetch = options.fetch ?? ((request, init) => globalThis.fetch(request, init));
  const headers = {
    authorization: `Bearer ${apiKey}`,
    ...(tenantId !== undefined && { 'x-waypost-tenant': tenantId }),
  };
  const baseUrl = url.replace(/\/+$/, '');
  const http = createHttpClient<paths>({
    baseUrl,
    headers,
    // A redirect would turn a POST into a GET, and could take the key elsewhere.
    redirect: 'manual',
    fetch: createRetryingFetch(send, { ...retries, timeoutMs }),
  });
  http.use(keyAndJudge);

  // Casts: openapi-fetch types a call by its path, and here each path is any of them; `calls` below gives them their types back.
  const call = (method: Uppercase<Verb>) => async (path: never, init?: never) =>
    (await http.request(method.toLowerCase() as 'get', path, init as never)).data;

  async function* pages<Path extends ListPath>(path: Path, init?: object): AsyncGenerator<Page<ItemOf<Path>>> {
    // Its shape is that of the path's own parameters, which the caller's types have checked.
    const given = (init ?? {}) as { params?: { query?: object } };
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const query = { ...given.params?.query, ...(cursor !== undefined && { cursor }) };
      // Casts: as in `call`.
      const page = await http.request('get', path as never, { ...given, params: { ...given.params, query } } as never);
      const { data, nextCursor } = page.data as unknown as Page<ItemOf<Path>>; // ListPath has no other answers
      if (nextCursor !== null && nextCursor === cursor) throw new Error(`The list ${path} gives one cursor for ever.`);
      yield { data, nextCursor };
      cursor = nextCursor;
    }
  }

  // The types of a call are those of the document; inside, all calls are one.
  const calls = {
    get: call('GET'),
    post: call('POST'),
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE'),
  } as unknown as Pick<Client, Verb>;
  return {
    ...calls,
    pages,
    async *list(path, ...init) {
      for await (const { data } of pages(path, init[0])) yield* data;
    },
    events: (stream) => followEvents({ baseUrl, headers, send, ...stream }),
  };
}

const takesKey: ReadonlySet<string> = new Set(keyedPaths);

const keyAndJudge: Middleware = {
  onRequest({ request, schemaPath }) {
    if (request.method === 'POST' && takesKey.has(schemaPath) && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', makeKey());
    }
  },
  async onResponse({ response }) {
    if (!response.ok) throw await readProblemError(response);
  },
};

/** `crypto.randomUUID` is missing on pages that are served without TLS. */
function makeKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
