import { explainWait, type WaitFacts } from '../explain-wait.ts';
import type { Failure } from '../failure.ts';
import type { Job } from '../job.ts';
import { counted, describeDuration } from '../wording.ts';

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

/** `facts` = what is known beside the record of what the message has waited for last; null = no more than it says. */
export function expiredFailure(job: Job, facts: WaitFacts | null): Failure {
  const expired = `The message was not sent before it expired at ${job.expiresAt.toISOString()}.`;
  return endingFailure('expired', [expired, ...describeHold(job, facts)].join(' '));
}

/** What held a job last, in sentences. */
export function describeHold(job: Job, facts: WaitFacts | null): string[] {
  const wait = explainWait(job, facts);
  const { error } = job;
  return [
    ...(wait === null ? [] : [`It waited last for ${wait.reason}: ${wait.detail ?? 'no detail is known'}.`]),
    ...(error === null ? [] : [`Its last failure was ${error.code}: ${error.title}.`]),
  ];
}

/** How long a job was tried before its retries ran out: `given up after 6 tries in 31 s`. The failure at hand is counted. */
export function describeGivingUp(job: Job, now: Date): string {
  // Of one that was run again, only its retries tell the tries of this run.
  const tries = job.queuedAt > job.createdAt ? job.retriesUsed + 1 : job.attempts;
  return `given up after ${counted(tries, 'try', 'tries')} in ${describeDuration(now.getTime() - job.queuedAt.getTime())}`;
}

/** `causeJobId` is the earlier message of the group that failed for good. */
export function groupCancelledFailure(causeJobId: string): Failure {
  return endingFailure('group_cancelled', `The message ${causeJobId} of the same group failed for good.`);
}
