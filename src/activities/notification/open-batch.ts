import type { JobReference } from '../../contracts/workflows.ts';
import { type BatchCounts, type Job, noChange } from '../../domain/job.ts';
import { findMappingFault } from '../../domain/notification/mapping.ts';
import { toFailure, writeNotificationError } from '../../domain/notification/notification-error.ts';
import { judgeBatch, startBatch } from '../../domain/notification/progress.ts';
import { centerOf, type NotificationContent } from '../../domain/notification/request.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import { findBatch, lockBatch } from '../../store/batch-jobs.ts';
import type { ChannelStore } from '../../store/channels.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { findContent } from '../../store/notification-content.ts';
import { clearErrors, countFailedMerchants, type ErrorToStore, insertErrors } from '../../store/notification-errors.ts';
import { countReceivers, insertReceivers, listUserless } from '../../store/receivers.ts';
import {
  cancelPendingRecipients,
  countRecipientStates,
  expandRecipients,
  reopenRecipients,
} from '../../store/recipients.ts';
import { findTargetScreens } from '../../store/tenants.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { DescribeFailure } from './describe-failure.ts';

/** Named users per statement: well below the statement's time-out on a slow disk. */
const usersPerChunk = 10_000;
const merchantsPerChunk = 1_000;
/** Large enough that 10,000 make a short history, small enough that one transaction saves them. */
const centrePageSize = 1_000;
/** The channel's room stands empty between two pages, and whoever is left when a page's time is up is looked at again. */
const pushPageSize = 5_000;
/** The clock of the database starts scheduled jobs; ours may lag behind it by so much. */
const clockSkewMs = 2_000;

/** `job` null = there is none, or it had ended. `namedUsers` = the end of the range of ordinals. */
export interface OpenedBatch {
  readonly next: 'pages' | 'close' | 'ended';
  readonly recipients: number;
  readonly pageSize: number;
  readonly type: NotificationContent['type'] | null;
  readonly job: Job | null;
}

export interface OpenBatch {
  (reference: JobReference): Promise<OpenedBatch>;
  /** The same in one transaction, in which `also` runs, too; null = the batch is larger than a page, or not due yet. */
  atOnce(reference: JobReference, also: (tx: Tx, opened: OpenedBatch) => Promise<void>): Promise<OpenedBatch | null>;
}

const ended: OpenedBatch = { next: 'ended', recipients: 0, pageSize: centrePageSize, type: null, job: null };

/**
 * Turns the stored request into receiver and recipient rows, in chunks, and starts the batch: what is wrong with the whole
 * of it is found here. Running it twice is safe: rows are keyed by their place in the request, and only one run finds the
 * batch not yet running when it takes the row's lock. `recipients` is the end of the range of ordinals.
 */
export function createOpenBatch(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'findPush'>;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly expireBatch: (tx: Tx, job: Job, now: Date) => Promise<Job>;
  readonly clock: () => Date;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
  readonly currentRunId: () => string;
}): OpenBatch {
  const { transactions, channels, writeJobChange, describeFailure, expireBatch, clock, heartbeat } = dependencies;

  async function openBatch(reference: JobReference): Promise<OpenedBatch> {
    const job = await transactions.withTenant(reference.tenantId, (tx) => findBatch(tx, reference.jobId));
    if (job === null) return ended;
    await waitForClock(job);
    if (judgeBatch(job, clock()) === 'start') await expand(reference);
    return transactions.withTenant(reference.tenantId, async (tx) => start(tx, await lockBatch(tx, reference.jobId)));
  }

  return Object.assign(openBatch, {
    atOnce({ tenantId, jobId }: JobReference, also: (tx: Tx, opened: OpenedBatch) => Promise<void>) {
      return transactions.withTenant(tenantId, async (tx) => {
        const job = await lockBatch(tx, jobId);
        const verdict = job === null ? 'ended' : judgeBatch(job, clock());
        if (verdict === 'early' || (job?.counts?.recipients ?? 0) > centrePageSize) return null;
        if (verdict === 'start') {
          await insertReceivers(tx, tenantId, jobId);
          // A user who is named twice is one recipient.
          if ((await countReceivers(tx, jobId)).namedUsers > centrePageSize) return null;
          await expandRecipients(tx, { tenantId, jobId, from: 0, to: centrePageSize, now: clock() });
        }
        const opened = await start(tx, job);
        await also(tx, opened);
        return opened;
      });
    },
  });

  async function waitForClock(job: Job): Promise<void> {
    const earlyMs = (job.sendAt?.getTime() ?? 0) - clock().getTime();
    if (!job.terminal && earlyMs > 0 && earlyMs <= clockSkewMs) await dependencies.sleep(earlyMs);
  }

  /** Each chunk in its own transaction: none holds a lock for long, and a crash loses one of them. */
  async function expand({ tenantId, jobId }: JobReference): Promise<void> {
    const { namedUsers } = await transactions.withTenant(tenantId, async (tx) => {
      await insertReceivers(tx, tenantId, jobId);
      return countReceivers(tx, jobId);
    });
    for (let from = 0; from < namedUsers; from += usersPerChunk) {
      heartbeat();
      const chunk = { tenantId, jobId, from, to: from + usersPerChunk, now: clock() };
      await transactions.withTenant(tenantId, (tx) => expandRecipients(tx, chunk));
    }
  }

  async function start(tx: Tx, job: Job | null): Promise<OpenedBatch> {
    const now = clock();
    const verdict = job === null ? 'ended' : judgeBatch(job, now);
    if (job === null || verdict === 'ended' || verdict === 'early') {
      // A cancel between our chunks has not seen the later ones.
      if (job?.terminal === true) await cancelPendingRecipients(tx, job.id, now);
      return ended;
    }
    if (verdict === 'expired') {
      await expireBatch(tx, job, now);
      return ended;
    }
    const { namedUsers, receivers } = await countReceivers(tx, job.id);
    const content = await findContent(tx, job.id);
    if (content === null) throw new Error('a notification was stored without its content');
    const running =
      verdict === 'start' ? await startRun(tx, job, content, receivers, now) : await adoptRun(tx, job, now);
    const isPush = centerOf(content.type) === null;
    return {
      next: namedUsers === 0 ? 'close' : 'pages',
      recipients: namedUsers,
      pageSize: isPush ? pushPageSize : centrePageSize,
      type: content.type,
      job: running,
    };
  }

  /** The workflow that ran this batch is gone; the new one goes through the pages again and finds most of them done. */
  async function adoptRun(tx: Tx, job: Job, now: Date): Promise<Job> {
    const change = { ...noChange, set: { workflowRunId: dependencies.currentRunId() } };
    return writeJobChange(tx, { job, change, now });
  }

  async function startRun(tx: Tx, job: Job, content: NotificationContent, receivers: number, now: Date): Promise<Job> {
    await clearErrors(tx, job.id);
    await reopenRecipients(tx, job.id, now);
    const fault = receivers === 0 ? noReceivers(job, now) : await findFault(tx, job, content, now);
    if (fault !== null && receivers === 0) await reportNoReceivers(tx, job, fault);
    await reportUserless(tx, job, now);
    const counts = await countBatch(tx, job.id, receivers);
    const channel = centerOf(content.type) === null ? await channels.findPush(tx) : null;
    const runId = dependencies.currentRunId();
    const change = startBatch({ counts, channelId: channel?.id ?? null, fault, runId, now });
    return writeJobChange(tx, { job, change, now });
  }

  function noReceivers(job: Job, now: Date): Problem {
    return describeFailure(job, toFailure(writeNotificationError('unspecified_receivers', {}), null), now);
  }

  async function findFault(tx: Tx, job: Job, content: NotificationContent, now: Date): Promise<Problem | null> {
    const reason = findMappingFault(content, await findTargetScreens(tx));
    if (reason === null) return null;
    const error = writeNotificationError('unable_to_map_custom_notification', { reason });
    return describeFailure(job, toFailure(error, null), now);
  }

  /** With receivers a fault is reported for each of them, page by page; without any it is the batch's own error. */
  async function reportNoReceivers(tx: Tx, job: Job, problem: Problem): Promise<void> {
    const error = writeNotificationError('unspecified_receivers', {});
    await insertErrors(tx, { tenantId: job.tenantId, jobId: job.id }, [{ ...error, problem }]);
  }

  async function reportUserless(tx: Tx, job: Job, now: Date): Promise<void> {
    for (let after = -1; ;) {
      const page = await listUserless(tx, job.id, { after, limit: merchantsPerChunk });
      const errors = page.map(({ merchantId }): ErrorToStore => {
        const error = writeNotificationError('unspecified_users', { merchantId });
        return { ...error, problem: describeFailure(job, toFailure(error, null), now) };
      });
      await insertErrors(tx, { tenantId: job.tenantId, jobId: job.id }, errors);
      const last = page.at(-1);
      if (last === undefined || page.length < merchantsPerChunk) return;
      after = last.ordinal;
      heartbeat();
    }
  }

  async function countBatch(tx: Tx, jobId: string, receivers: number): Promise<BatchCounts> {
    const states = await countRecipientStates(tx, jobId);
    return { receivers, ...states, failed: 0, failedMerchants: await countFailedMerchants(tx, jobId) };
  }
}
