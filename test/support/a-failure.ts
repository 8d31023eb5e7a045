import type { Failure } from '../../src/domain/failure.ts';

/** A failure of which a test names only what matters to it. */
export function aFailure(members: Partial<Failure> = {}): Failure {
  return {
    code: 'kernel_http_error',
    source: 'kernel',
    class: 'transient',
    scope: 'message',
    userCanBeTold: true,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: 'It did not work.',
    provider: null,
    errors: [],
    ...members,
  };
}
