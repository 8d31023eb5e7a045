import type { Problem as StoredProblem } from './api-types.ts';

/** The members that every problem document has; those of a stored problem (`class`, `provider`, …) may come with them. */
export type Problem = Pick<StoredProblem, 'type' | 'title' | 'status' | 'detail' | 'code'> & Partial<StoredProblem>;

/** The api, or something in front of it, answered with a refusal. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** The document as it came; where the answer was none, one with the code `http_error`. */
  readonly problem: Problem;
  readonly status: number;
  /** What to branch on, such as `channel_not_found`; `GET /problems/{code}` says what to do. */
  readonly code: string;
  /** How long the api asks to wait before the next try; null = it does not say. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came: the network, a time-out. Whether the call had an effect is not known, unless it was repeatable. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** Reads a refused answer's body; never throws for what the body is. */
export async function readProblemError(response: Response): Promise<ProblemError> {
  const { status, statusText, headers } = response;
  const body = parseJson(await response.text().catch(() => ''));
  const retryAfterMs = readRetryAfterMs(headers, Date.now());
  if (isProblem(body)) return new ProblemError({ ...body, status }, retryAfterMs);
  const title = statusText === '' ? `HTTP ${status}` : statusText;
  const detail = `The answer is no problem document: it comes from something in front of the api, or from another server.`;
  return new ProblemError({ type: 'about:blank', title, status, detail, code: 'http_error' }, retryAfterMs);
}

/** `Retry-After` in its two forms; null = absent or unreadable. */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return text === '' || Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body && 'title' in body;
}
