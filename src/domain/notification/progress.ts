import { type BatchCounts, type Job, type JobChange, noChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { counted } from '../wording.ts';

/** A running batch without news for so long is offered to a workflow again; its pages and callbacks bear that. */
export const runningLeaseMs = 120_000;
/** A stored wait gets this much grace before the sweep doubts that its workflow still lives. */
export const wakeGraceMs = 30_000;

const startable = new Set(['scheduled', 'queued']);

/** What a workflow finds when it comes to a batch. `early`: its time has not come, and the sweep will start it then. */
export function judgeBatch(job: Job, now: Date): 'start' | 'running' | 'early' | 'expired' | 'ended' {
  if (job.terminal) return 'ended';
  if (job.state === 'running') return 'running';
  if (!startable.has(job.state)) return 'ended';
  if (job.sendAt !== null && job.sendAt.getTime() > now.getTime()) return 'early';
  return job.expiresAt.getTime() <= now.getTime() ? 'expired' : 'start';
}

/** Whether the integrator is to hear of anything: of recipients, of merchants, or of the batch itself. */
export function hasErrors({ counts, error }: Pick<Job, 'counts' | 'error'>): boolean {
  return error !== null || (counts !== null && counts.failed + counts.failedMerchants > 0);
}

/**
 * `fault` = what is wrong with the whole notification; it is reported for all, and fails the batch at its end. `channelId` =
 * what its pushes go through; null = it is for a centre, or the tenant has no push channel.
 */
export function startBatch(input: {
  readonly counts: BatchCounts;
  readonly channelId: string | null;
  readonly fault: Problem | null;
  readonly runId: string;
  readonly now: Date;
}): JobChange {
  const { counts, fault } = input;
  const found =
    fault === null ? [] : [{ type: 'notification.fault', title: fault.title, detail: { code: fault.code } }];
  return {
    ...noChange,
    set: {
      state: 'running',
      waitingFor: null,
      nextAttemptAt: null,
      counts,
      channelId: input.channelId,
      error: fault,
      workflowRunId: input.runId,
      wakeAt: new Date(input.now.getTime() + runningLeaseMs),
    },
    timeline: [
      { type: 'notification.running', title: `Running for ${counted(counts.recipients, 'recipient')}` },
      ...found,
    ],
    problems: fault === null ? [] : [fault],
  };
}

/** `delivered`, `failed` = how many recipients this page settled; `failedMerchants` = how many of the whole batch failed. */
export function recordPage(
  job: Job,
  page: { readonly delivered: number; readonly failed: number; readonly failedMerchants: number },
  now: Date,
): JobChange {
  const wakeAt = new Date(now.getTime() + runningLeaseMs);
  const { counts } = job;
  if (counts === null || page.delivered + page.failed === 0) return { ...noChange, set: { wakeAt } };
  const next: BatchCounts = {
    ...counts,
    delivered: counts.delivered + page.delivered,
    failed: counts.failed + page.failed,
    pending: Math.max(0, counts.pending - page.delivered - page.failed),
    failedMerchants: page.failedMerchants,
  };
  const title = `${counted(page.delivered, 'recipient')} delivered, ${page.failed} failed`;
  return { ...noChange, set: { counts: next, wakeAt }, timeline: [{ type: 'notification.page', title }] };
}

/** The callbacks of this run are made: from here on the batch waits for its integrator. */
export function awaitIntegrator(callbacks: number, now: Date): JobChange {
  return {
    ...noChange,
    set: {
      waitingFor: { reason: 'integrator', until: now, detail: `${counted(callbacks, 'error callback')} to send` },
      wakeAt: new Date(now.getTime() + runningLeaseMs),
    },
    timeline: [
      { type: 'notification.callbacks', title: `${counted(callbacks, 'error callback')} made`, detail: { callbacks } },
    ],
  };
}

export function postponeCallbacks(pending: number, until: Date): JobChange {
  return {
    ...noChange,
    set: {
      waitingFor: {
        reason: 'integrator',
        until,
        detail: `${counted(pending, 'error callback')} not taken by the integrator yet`,
      },
      nextAttemptAt: until,
      wakeAt: new Date(until.getTime() + wakeGraceMs),
    },
  };
}
