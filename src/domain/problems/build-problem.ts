import { boundText } from '../bounded-text.ts';
import type { Failure } from '../failure.ts';
import { describeCode } from './catalogue.ts';
import type { Problem, ProviderError } from './problem.ts';

/** Bounds of a stored document, in UTF-16 units and parts: an upstream's words must not fill our tables. */
const maxTitleChars = 200;
const maxDetailChars = 2_000;
const maxPartDetailChars = 500;
const maxPointerChars = 500;
const maxParts = 100;
const maxProviderCodeChars = 100;

/**
 * `occurredAt` and `nextAttemptAt` are RFC 3339 UTC with milliseconds.
 * `recoverable` left out = by class: everything but `permanent` can still end well.
 */
export interface ProblemInput {
  readonly failure: Failure;
  readonly problemId: string;
  readonly attempt: number | null;
  readonly jobId: string | null;
  readonly requestId: string | null;
  readonly tenantId: string | null;
  readonly occurredAt: string;
  readonly nextAttemptAt: string | null;
  readonly recoverable?: boolean | undefined;
}

/** Turns one failure into its document (RFC 9457). Pure: the same input gives the same bytes. */
export function buildProblem(input: ProblemInput): Problem {
  const { failure } = input;
  const type = describeCode(failure.code);
  return {
    type: `/problems/${failure.code}`,
    title: boundText(failure.title ?? type?.title ?? failure.code, maxTitleChars),
    status: statusOf(failure, type?.status ?? 500),
    detail: boundText(failure.detail, maxDetailChars),
    instance: `/v1/problems/${input.problemId}`,
    code: failure.code,
    source: failure.source,
    class: failure.class,
    recoverable: input.recoverable ?? failure.class !== 'permanent',
    scope: failure.scope === '' ? null : failure.scope,
    attempt: input.attempt,
    jobId: input.jobId,
    requestId: input.requestId,
    tenantId: input.tenantId,
    occurredAt: input.occurredAt,
    nextAttemptAt: input.nextAttemptAt,
    provider: failure.provider === null ? null : boundProvider(failure.provider),
    errors: failure.errors.slice(0, maxParts).map(({ detail, pointer }) => ({
      detail: boundText(detail, maxPartDetailChars),
      pointer: boundText(pointer, maxPointerChars),
    })),
  };
}

/** An upstream's success or redirect that failed us says nothing as the status of a problem. */
function statusOf({ httpStatus }: Failure, usualStatus: number): number {
  return httpStatus !== null && httpStatus >= 400 && httpStatus <= 599 ? httpStatus : usualStatus;
}

function boundProvider(provider: ProviderError): ProviderError {
  const bound = (text: string | null, maxChars: number) => (text === null ? null : boundText(text, maxChars));
  return {
    name: boundText(provider.name, maxTitleChars),
    code: bound(provider.code, maxProviderCodeChars),
    title: bound(provider.title, maxTitleChars),
    details: bound(provider.details, maxDetailChars),
    traceId: bound(provider.traceId, maxTitleChars),
    httpStatus: provider.httpStatus,
  };
}
