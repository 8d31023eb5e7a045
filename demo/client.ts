import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '../src/domain/job-view.ts';
import type { ProblemPart } from '../src/domain/problems/problem.ts';

const callTimeoutMs = 15_000;
const pollMs = 60;

export interface Answer {
  readonly status: number;
  /** The parsed body; null when it is none. */
  readonly body: unknown;
}

export interface AttemptView {
  readonly number: number;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly providerCode: string | null;
}

export interface Client {
  readonly baseUrl: string;
  /** One call, whatever its answer. `path` begins with `/`. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>;
  readonly callWithoutKey: (method: string, path: string) => Promise<Answer>;
  /** One call that has to succeed; the error names the call and what was answered. */
  ask<Body>(method: string, path: string, body?: unknown): Promise<Body>;
  /** Sends one JSON value a line (NDJSON); it has to succeed, like `ask`. */
  sendLines<Body>(path: string, lines: readonly unknown[]): Promise<Body>;
  /** A list's `data`. */
  list<Item>(path: string): Promise<readonly Item[]>;
  /** The job once `isDone` holds, or as it is when the time is over. */
  followJob(id: string, options: FollowOptions): Promise<JobView>;
}

export interface FollowOptions {
  readonly isDone: (job: JobView) => boolean;
  readonly timeoutMs: number;
  /** Called with each new look at the job. */
  readonly onLook?: (job: JobView) => void;
}

/** A user of the REST API: plain fetch and a key, nothing of the product's own code. */
export function createClient(baseUrl: string, key: string): Client {
  async function exchange(method: string, path: string, headers: Record<string, string>, body?: string) {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  }

  const authorization = `Bearer ${key}`;
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    body === undefined
      ? exchange(method, path, { authorization })
      : exchange(method, path, { authorization, 'content-type': 'application/json' }, JSON.stringify(body));

  function requireGood<Body>(method: string, path: string, answer: Answer): Body {
    if (answer.status >= 200 && answer.status < 300) return answer.body as Body; // cast: the API's contract
    throw new Error(`${method} ${path} was answered with ${answer.status}: ${describeBody(answer.body)}`);
  }

  async function ask<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    return requireGood(method, path, await call(method, path, body));
  }

  return {
    baseUrl,
    call,
    callWithoutKey: (method, path) => exchange(method, path, {}),
    ask,
    async sendLines<Body>(path: string, lines: readonly unknown[]) {
      const headers = { authorization, 'content-type': 'application/x-ndjson' };
      const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      return requireGood<Body>('POST', path, await exchange('POST', path, headers, body));
    },
    async list<Item>(path: string) {
      return (await ask<{ data: readonly Item[] }>('GET', path)).data;
    },
    async followJob(id, { isDone, timeoutMs, onLook }) {
      const deadline = Date.now() + timeoutMs;
      while (true) {
        const job = await ask<JobView>('GET', `/v1/jobs/${id}`);
        onLook?.(job);
        if (isDone(job) || Date.now() >= deadline) return job;
        await sleep(pollMs);
      }
    },
  };
}

/** Looks again until `isDone` holds; the last value when the time is over. */
export async function lookUntil<Value>(
  look: () => Value | Promise<Value>,
  isDone: (value: Value) => boolean,
  timeoutMs: number,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  while (true) {
    const value = await look();
    if (isDone(value) || Date.now() >= deadline) return value;
    await sleep(pollMs);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // an empty or foreign body: the status tells enough
  }
}

function describeBody(body: unknown): string {
  const { detail, errors } = (body ?? {}) as { detail?: string; errors?: readonly ProblemPart[] }; // cast: RFC 9457
  const parts = (errors ?? []).map((each) => ` ${each.pointer}: ${each.detail}`);
  return `${detail ?? JSON.stringify(body)}${parts.join('')}`;
}
