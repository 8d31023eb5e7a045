import type { Failure } from '../failure.ts';

/** The ends that no upstream caused. They are final, and nobody's user is told about them. */
function endingFailure(code: string, detail: string): Failure {
  return {
    code,
    source: 'api',
    class: 'permanent',
    scope: 'message',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail,
    provider: null,
    errors: [],
  };
}

/** The ends that come before anything is sent, because it must not or cannot be. */
export function refusedBeforeSend(
  code: 'recipient_opted_out' | 'window_closed' | 'template_unavailable',
  detail: string,
): Failure {
  return endingFailure(code, detail);
}

/** The person has not written for 24 hours, and the channel does not wait for it. */
export const windowClosedFailure = refusedBeforeSend(
  'window_closed',
  'The person has not written for 24 hours, so that WhatsApp takes nothing but templates.',
);

/** `expiresAt` is RFC 3339. */
export function expiredFailure(expiresAt: string): Failure {
  return endingFailure('expired', `The message was not sent before it expired at ${expiresAt}.`);
}

/** `causeJobId` is the earlier message of the group that failed for good. */
export function groupCancelledFailure(causeJobId: string): Failure {
  return endingFailure('group_cancelled', `The message ${causeJobId} of the same group failed for good.`);
}
