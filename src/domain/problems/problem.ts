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
 * the attempt, in the event and in the webhook. Times are RFC 3339 UTC with milliseconds; null means "does not apply".
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
