// The console has no door of its own: it calls what every client calls, by a session that stands for the operator's key.
import type { Problem } from './shapes.ts';

/** A refusal, with its problem document where the answer was one. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `The API answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

export interface CallOptions {
  readonly method?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const tenantName = 'waypost-tenant';

/** The tenant that the operator has chosen; no secret, so it may outlive the tab. Null = a tenant's own key is used. */
export const chosenTenant = {
  read: (): string | null => localStorage.getItem(tenantName),
  write: (id: string): void => localStorage.setItem(tenantName, id),
  forget: (): void => localStorage.removeItem(tenantName),
};

/** The response of a call that was not refused; throws a `Refusal`. `path` is relative to the API's own base. */
export async function request(path: string, { method = 'GET', body, headers, signal }: CallOptions = {}) {
  const tenant = chosenTenant.read();
  const response = await fetch(`../${path}`, {
    method,
    headers: {
      // Proves that a script of this very origin asks; without it the session counts for nothing.
      'x-waypost-console': '1',
      ...(tenant !== null && { 'x-waypost-tenant': tenant }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Refusal(0, { title: 'No answer', detail: 'The API cannot be reached.' });
  });
  if (response.ok) return response;
  const refusal = new Refusal(response.status, parse(await response.text()) as Partial<Problem>);
  if (response.status === 401) dispatchEvent(new Event('waypost-signed-out'));
  throw refusal;
}

/** The parsed answer, of which the caller says what it is. */
export async function call<Answer>(path: string, options?: CallOptions): Promise<Answer> {
  const response = await request(path, options);
  return parse(await response.text()) as Answer;
}

/** Those without a value are left out. */
export function toQuery(parameters: Readonly<Record<string, string | number | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, String(value));
  return query.toString();
}

/** `path` with values in place of its `{names}`, encoded. */
export function toPath(path: string, ...values: readonly string[]): string {
  let index = 0;
  return path.replaceAll(/\{\}/g, () => encodeURIComponent(values[index++] ?? ''));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
