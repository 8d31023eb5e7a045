/** The six error classes: what an error asks of us, independent of who said it. Behaviour per class: docs/errors.md. */
export const errorClasses = ['transient', 'throttled', 'permanent', 'configuration', 'policy', 'ambiguous'] as const;
export type ErrorClass = (typeof errorClasses)[number];

/** Which party's failure this is. */
export const problemSources = [
  'api',
  'kernel',
  'whatsapp',
  'rendering',
  'bot',
  'directory',
  'push',
  'store',
  'integrator',
  'webhook',
  'kpi',
] as const;
export type ProblemSource = (typeof problemSources)[number];

/** What the provider itself said; null members were not said. */
export interface ProviderError {
  readonly name: string;
  readonly code: string | null;
  readonly title: string | null;
  readonly details: string | null;
  readonly traceId: string | null;
  readonly httpStatus: number | null;
}

/** One culprit inside a document: RFC 6901 pointer and a sentence. */
export interface ProblemPart {
  readonly detail: string;
  readonly pointer: string;
}

/**
 * One occurrence of an error as an RFC 9457 document, made once and never rewritten: the same bytes stand on the job,
 * the attempt, in the event and in the webhook. `type` and `instance` are stored as paths and shown by `showProblems`.
 * Times are RFC 3339 UTC with milliseconds; null means "does not apply".
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly source: ProblemSource;
  readonly class: ErrorClass;
  readonly recoverable: boolean;
  readonly scope: string | null;
  readonly attempt: number | null;
  readonly jobId: string | null;
  readonly requestId: string | null;
  readonly tenantId: string | null;
  readonly occurredAt: string;
  readonly nextAttemptAt: string | null;
  readonly provider: ProviderError | null;
  readonly errors: readonly ProblemPart[];
}

/** The members of our documents that hold a problem. */
const problemMembers = ['error', 'problem', 'pausedReason', 'disabledReason'] as const;

/**
 * A document as it is shown: the problems in it get their addresses under the present `publicUrl`, which has no trailing slash.
 * So no stored problem leads to where this product was before. Doing it twice is the same as once.
 */
export function showProblems<V extends object>(view: V, publicUrl: string): V {
  const shown: V & { [name in (typeof problemMembers)[number]]?: unknown } = { ...view };
  for (const name of problemMembers) {
    const problem = shown[name] as Problem | null | undefined; // by the members' meaning in all our documents
    if (problem) Object.assign(shown, { [name]: showProblem(problem, publicUrl) });
  }
  return shown;
}

export function showProblem(problem: Problem, publicUrl: string): Problem {
  const show = (address: string) => (address.startsWith('/') ? publicUrl + address : address);
  return { ...problem, type: show(problem.type), instance: show(problem.instance) };
}
