import type { Failure } from '../failure.ts';
import type { ProblemPart } from '../problems/problem.ts';
import { maxCulprits } from './limits.ts';

/** Takes down what cannot be rendered, and goes on, so that a caller learns of all culprits at once. */
export type ReportCulprit = (pointer: string, detail: string) => void;

/** A local failure of rendering: never retried, the user is told. `errors` name the culprits by their JSON pointers. */
export function renderingFailure(culprits: readonly ProblemPart[]): Failure {
  const errors = culprits.slice(0, maxCulprits);
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
