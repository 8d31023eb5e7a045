import type { NotifiedPage } from '../../../contracts/activities.ts';
import type { Job, WaitingFor } from '../../../domain/job.ts';
import { hasErrors } from '../../../domain/notification/progress.ts';
import { endPushPage } from '../../../domain/notification/push/push-progress.ts';
import { lookAgainMs } from '../../../domain/notification/push/push-waits.ts';
import { lockBatch } from '../../../store/batch-jobs.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import { findNextDue } from '../../../store/push-recipients.ts';
import { findSendLimits, wholeChannel } from '../../../store/send-limits.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import type { Settled } from './push-slice.ts';

interface PageRange {
  readonly tenantId: string;
  readonly jobId: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Tells what is left of a page, and writes on the job what those who are left wait for: their channel, a block of it, or
 * their next try. Running it again is safe: it reads what stands.
 */
export function createEndPushPage(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'findPush'>;
  readonly writeJobChange: WriteJobChange;
  readonly expireBatch: (tx: Tx, job: Job, now: Date) => Promise<Job>;
  readonly clock: () => Date;
}): (page: PageRange, settled: Settled) => Promise<NotifiedPage> {
  const { transactions, channels, writeJobChange, expireBatch, clock } = dependencies;

  return (page, settled) => transactions.withTenant(page.tenantId, (tx) => end(tx, page, settled));

  async function end(tx: Tx, page: PageRange, settled: Settled): Promise<NotifiedPage> {
    const done = settled.delivered + settled.failed;
    const job = await lockBatch(tx, page.jobId);
    const now = clock();
    if (job === null || job.state !== 'running') return { done, isCancelled: true, hasErrors: false };
    const { pending, dueAt } = await findNextDue(tx, page);
    if (pending > 0 && job.expiresAt <= now) {
      await expireBatch(tx, job, now);
      return { done, isCancelled: true, hasErrors: false };
    }
    const waitingFor = pending === 0 ? null : await describeWait(tx, job, { pending, dueAt }, now);
    await writeJobChange(tx, { job, change: endPushPage({ ...settled, waitingFor }, now), now });
    const result = { done, isCancelled: false, hasErrors: hasErrors(job) };
    if (pending === 0) return result;
    return { ...result, waitMs: Math.max(0, (waitingFor?.until ?? now).getTime() - now.getTime()) };
  }

  /** Null = they are due now, and only the page's own time was up. */
  async function describeWait(
    tx: Tx,
    job: Job,
    left: { readonly pending: number; readonly dueAt: Date | null },
    now: Date,
  ): Promise<WaitingFor | null> {
    const channel = await channels.findPush(tx);
    const wait = (reason: WaitingFor['reason'], until: Date, detail: string): WaitingFor => ({
      reason,
      until: until < job.expiresAt ? until : job.expiresAt,
      detail,
    });
    const waiting = left.pending === 1 ? '1 recipient waits' : `${left.pending} recipients wait`;
    if (channel === null) return null;
    if (channel.state === 'paused') {
      const until = new Date(now.getTime() + lookAgainMs(now.getTime() - channel.updatedAt.getTime()));
      const why = channel.pausedReason === null ? '' : `: ${channel.pausedReason.detail}`;
      return wait('channel_paused', until, `${waiting} for the push channel${why}`);
    }
    const { blockedUntil } = (await findSendLimits(tx, { channelId: channel.id, recipient: wholeChannel })).channel;
    if (blockedUntil !== null && blockedUntil > now) {
      return wait('rate_limit', blockedUntil, `${waiting} for the push service`);
    }
    if (left.dueAt === null || left.dueAt <= now) return null;
    return wait('retry', left.dueAt, `${waiting} for another try`);
  }
}
