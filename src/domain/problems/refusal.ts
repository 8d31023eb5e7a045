import type { Failure } from '../failure.ts';
import { buildProblem } from './build-problem.ts';
import { describeCode } from './catalogue.ts';
import { type Problem, type ProblemPart, showProblem } from './problem.ts';

/** `retryAfterSeconds` null = asking again the same way will not help, or nobody knows when it will. */
export interface RefusalOptions {
  readonly errors?: readonly ProblemPart[];
  readonly retryAfterSeconds?: number | null;
  readonly cause?: unknown;
}

/**
 * A request that is turned away, by a code of the catalogue. Thrown by routes and use cases, before or instead of doing
 * anything; inside a transaction it rolls back. The door turns it into the answer.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly ProblemPart[];
  readonly retryAfterSeconds: number | null;

  constructor(code: string, detail: string, options: RefusalOptions = {}) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.name = 'Refusal';
    this.code = code;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** `throw apiProblem('not_found', 'There is no channel chn_… in this tenant.')`. */
export function apiProblem(code: string, detail: string, options: RefusalOptions = {}): Refusal {
  return new Refusal(code, detail, options);
}

/** `publicUrl` has no trailing slash; `occurredAt` is RFC 3339 UTC with milliseconds; `tenantId` null = not known yet. */
export interface RefusalContext {
  readonly publicUrl: string;
  readonly requestId: string;
  readonly tenantId: string | null;
  readonly occurredAt: string;
}

/** The document of a refusal. It is not stored, so `instance` is a name (`urn:waypost:request:…`) and not an address. */
export function toRefusalProblem(refusal: Refusal, context: RefusalContext): Problem {
  const type = describeCode(refusal.code);
  const failure: Failure = {
    code: refusal.code,
    source: type === undefined || type.sources.includes('api') ? 'api' : (type.sources[0] ?? 'api'),
    class: type?.class ?? 'permanent',
    scope: '',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: type?.status ?? null,
    detail: refusal.detail,
    provider: null,
    errors: refusal.errors,
  };
  const problem = buildProblem({ ...context, failure, problemId: '', attempt: null, jobId: null, nextAttemptAt: null });
  return showProblem({ ...problem, instance: `urn:waypost:request:${context.requestId}` }, context.publicUrl);
}
