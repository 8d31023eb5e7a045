import { type BatchCounts, type Job, type JobChange, noChange, type WaitingFor } from '../../job.ts';
import type { Problem } from '../../problems/problem.ts';
import { counted } from '../../wording.ts';
import { runningLeaseMs, wakeGraceMs } from '../progress.ts';

/**
 * What a part of a page has come to; `failedMerchants` = how many of the whole batch failed. `attempts` is negative where
 * some that were counted were never begun.
 */
export interface PushProgress {
  readonly attempts: number;
  readonly delivered: number;
  readonly failed: number;
  readonly failedMerchants: number;
  readonly problems: readonly Problem[];
}

/** Counts while the page runs, without a line in the timeline for each of its parts. A batch that has ended only learns. */
export function recordPushes(job: Job, progress: PushProgress, now: Date): JobChange {
  const counts = job.counts === null ? null : countPushes(job.counts, progress);
  const running = { waitingFor: null, nextAttemptAt: null, wakeAt: new Date(now.getTime() + runningLeaseMs) };
  return {
    ...noChange,
    set: { counts, attempts: job.attempts + progress.attempts, ...(job.terminal ? {} : running) },
    problems: progress.problems,
  };
}

/** The same where sends begin; the channel that they go through may be another than the batch began with. */
export function beginPushes(job: Job, channelId: string, progress: PushProgress, now: Date): JobChange {
  const change = recordPushes(job, progress, now);
  return { ...change, set: { ...change.set, channelId } };
}

function countPushes(counts: BatchCounts, { delivered, failed, failedMerchants }: PushProgress): BatchCounts {
  return {
    ...counts,
    delivered: counts.delivered + delivered,
    failed: counts.failed + failed,
    pending: Math.max(0, counts.pending - delivered - failed),
    failedMerchants,
  };
}

/** The end of a page; `waitingFor` = what those of it wait for who are left. */
export function endPushPage(
  page: { readonly delivered: number; readonly failed: number; readonly waitingFor: WaitingFor | null },
  now: Date,
): JobChange {
  const { delivered, failed, waitingFor } = page;
  const untilMs = waitingFor?.until?.getTime() ?? null;
  const wakeAtMs = untilMs === null ? now.getTime() + runningLeaseMs : untilMs + wakeGraceMs;
  const title = `${counted(delivered, 'recipient')} delivered, ${failed} failed`;
  return {
    ...noChange,
    set: { waitingFor, nextAttemptAt: waitingFor?.until ?? null, wakeAt: new Date(wakeAtMs) },
    timeline: delivered + failed === 0 ? [] : [{ type: 'notification.page', title }],
  };
}
