import { randomBytes } from 'node:crypto';
import type { JobView } from '../../src/domain/job-view.ts';
import { poll } from './poll.ts';

const callTimeoutMs = 30_000;
const followTimeoutMs = 30_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** A member of the JSON body by its path, such as `errors.0.pointer`; undefined = not there. */
  at(path: string): unknown;
}

export interface CallOptions {
  /** Goes as JSON unless it is a text or bytes. */
  readonly body?: unknown;
  /** Null = no key; absent = the caller's own. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A user of the REST API: plain fetch and a key, nothing of the product's own code. */
export interface Caller {
  readonly key: string;
  /** One call, whatever its answer. `route` is `POST /v1/messages`. */
  call(route: string, options?: CallOptions): Promise<Answer>;
  /** One call that has to succeed, and its body. */
  ask<Body>(route: string, body?: unknown): Promise<Body>;
  /** A list's `data`. */
  list<Item>(path: string): Promise<readonly Item[]>;
  /** All pages of a list, by its cursors; `path` has no query of its own. */
  listAll<Item>(path: string): Promise<readonly Item[]>;
  /** Hands over a message with a text; members given replace or extend it. */
  send(message?: Readonly<Record<string, unknown>>): Promise<JobView>;
  job(id: string): Promise<JobView>;
  /** Waits until the job is in one of these states, or until `isDone` says so. */
  follow(id: string, until: readonly string[] | ((job: JobView) => boolean), timeoutMs?: number): Promise<JobView>;
}

interface Page<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}

export function createCaller(baseUrl: string, key: string): Caller {
  async function call(route: string, { body, key: otherKey, headers = {} }: CallOptions = {}): Promise<Answer> {
    const [method = 'GET', path = '/'] = route.split(' ');
    const usedKey = otherKey === undefined ? key : otherKey;
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(usedKey !== null && { authorization: `Bearer ${usedKey}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    const text = await response.text();
    const parsed = parseJson(text);
    const at = (place: string) => place.split('.').reduce(readMember, parsed);
    return { status: response.status, headers: response.headers, text, at };
  }

  async function ask<Body>(route: string, body?: unknown): Promise<Body> {
    const answer = await call(route, { body });
    if (answer.status >= 200 && answer.status < 300) return parseJson(answer.text) as Body; // cast: the API's contract
    throw new Error(`${route} was answered with ${answer.status}: ${answer.text}`);
  }

  async function listAll<Item>(path: string): Promise<readonly Item[]> {
    const all: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<Item> = await ask(`GET ${path}?limit=200${query}`);
      all.push(...page.data);
      cursor = page.nextCursor;
    }
    return all;
  }

  const job = (id: string) => ask<JobView>(`GET /v1/jobs/${id}`);
  return {
    key,
    call,
    ask,
    list: async <Item>(path: string) => (await ask<{ data: readonly Item[] }>(`GET ${path}`)).data,
    listAll,
    send: (message = {}) => ask<JobView>('POST /v1/messages', aMessage(message)),
    job,
    follow: (id, until, timeoutMs = followTimeoutMs) =>
      poll({
        what: `job ${id} is ${typeof until === 'function' ? 'as expected' : until.join(' or ')}`,
        look: () => job(id),
        isDone: typeof until === 'function' ? until : ({ state }) => until.includes(state),
        timeoutMs,
      }),
  };
}

/** A message to a number of its own, of which a test names only what matters to it. */
export function aMessage(members: Readonly<Record<string, unknown>> = {}) {
  return { to: aNumber(), activity: { type: 'message', text: 'Hola' }, ...members };
}

/** A phone number that no other message goes to. */
export function aNumber(): string {
  return `+346${String(randomBytes(6).readUIntBE(0, 6)).slice(-8).padStart(8, '0')}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // another type, which the status and headers tell
  }
}

function readMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1] as unknown; // entries says any
}
