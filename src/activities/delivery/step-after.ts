import type { DeliveryStep } from '../../contracts/activities.ts';
import type { Job } from '../../domain/job.ts';

const underWay: ReadonlySet<string> = new Set(['sending', 'relaying']);
const unwanted: ReadonlySet<string> = new Set(['failed', 'expired']);

/** What an attempt leaves to do, read from the record. */
export function stepAfter(job: Job, now: Date): DeliveryStep {
  const seen = { state: job.state, errorCode: job.error?.code ?? null, attempts: job.attempts };
  const until = job.nextAttemptAt;
  // Due by itself: the sweep starts it then, and nobody waits at Temporal.
  const isRow = until === null || (job.wakeAt !== null && job.wakeAt <= until);
  if (job.terminal || isRow || underWay.has(job.state))
    return { next: 'end', ...seen, problem: job.terminal && unwanted.has(job.state) ? job.error : null };
  return {
    next: 'wait',
    waitMs: Math.max(1, until.getTime() - now.getTime()),
    expiresInMs: Math.max(0, job.expiresAt.getTime() - now.getTime()),
    summary: job.waitingFor?.detail ?? 'waits',
    ...seen,
    problem: job.error,
  };
}

/** There is no such job. */
export const stepOfMissing = { next: 'end', state: 'missing', errorCode: null, attempts: 0, problem: null } as const;
