import type { DeliveryStep } from '../../contracts/activities.ts';
import type { Job } from '../../domain/job.ts';

const underWay: ReadonlySet<string> = new Set(['sending', 'relaying']);

/** What an attempt leaves for its workflow to do, read from the record. */
export function stepAfter(job: Job, now: Date): DeliveryStep {
  const seen = { state: job.state, errorCode: job.error?.code ?? null, attempts: job.attempts };
  const until = job.nextAttemptAt ?? (job.state === 'scheduled' ? job.sendAt : null);
  if (job.terminal || until === null || underWay.has(job.state)) return { next: 'end', ...seen };
  // Due by itself: the sweep starts it then, and no workflow waits.
  if (job.wakeAt !== null && job.wakeAt <= until) return { next: 'end', ...seen };
  const summary = job.waitingFor?.detail ?? 'waits';
  return { next: 'wait', waitMs: Math.max(1, until.getTime() - now.getTime()), summary, ...seen };
}
