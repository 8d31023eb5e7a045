import type { Failure } from '../failure.ts';
import type { ProblemPart } from '../problems/problem.ts';

/** A local failure of rendering: never retried, the user is told. `errors` name each culprit by its JSON pointer. */
export function renderingFailure(errors: readonly ProblemPart[]): Failure {
  return {
    code: 'rendering_failed',
    source: 'rendering',
    class: 'permanent',
    scope: 'message',
    userCanBeTold: true,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: errors.map(({ detail }) => detail).join(' '),
    provider: null,
    errors,
  };
}
