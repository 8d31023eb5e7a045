import type { NotifiedPage } from '../../contracts/activities.ts';
import type { CreateId } from '../../domain/ids.ts';
import type { Job } from '../../domain/job.ts';
import { judgeRecipients, type RecipientFailure } from '../../domain/notification/judge-recipients.ts';
import { hasErrors, recordPage } from '../../domain/notification/progress.ts';
import { type BatchRecipient, type Center, centerOf, userKey } from '../../domain/notification/request.ts';
import { findBatch, lockBatch } from '../../store/batch-jobs.ts';
import { findContent } from '../../store/notification-content.ts';
import { saveInboxRows, type UnsavedRow } from '../../store/inbox.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { listPendingRecipients, markDelivered } from '../../store/recipients.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { RecordFailures } from './record-failures.ts';
import type { ResolvedRecipients, TakeResolved } from './resolve-batch.ts';
import type { ResolveUsers } from './resolve-users.ts';

/** The wait before each further try at rows that the database refused. */
const saveRetryWaitsMs = [200, 500];

interface Page {
  readonly jobId: string;
  readonly from: number;
  readonly to: number;
}

/** `language` null = the directory is in our tables, where it is looked up when the notification is read. */
type Reader = BatchRecipient & { readonly language: string | null };

/** `resolved` = what was looked up with the opening of the batch. */
type ReadPage = Pick<ResolvedRecipients, 'job' | 'center' | 'recipients'> & Partial<ResolvedRecipients>;

/** What is to be written for a page. `isLastTry`: who cannot be saved now has failed. */
interface Verdict {
  readonly center: Center;
  readonly reachable: readonly Reader[];
  readonly failures: readonly RecipientFailure[];
  readonly isLastTry: boolean;
}

export interface ProcessCenterPage {
  (page: Page & { readonly tenantId: string }): Promise<NotifiedPage>;
}

/**
 * Resolves and saves one page of recipients: directory, inbox, recipients, errors and counts, each as one set. Running it
 * again, or twice at once, is safe: under the job's lock only recipients that still wait are touched, an inbox row is keyed
 * by job and user, an error by code and user, and all of a page is one transaction with the counts.
 */
export function createProcessCenterPage(dependencies: {
  readonly transactions: Transactions;
  readonly writeJobChange: WriteJobChange;
  readonly recordFailures: RecordFailures;
  readonly expireBatch: (tx: Tx, job: Job, now: Date) => Promise<Job>;
  readonly resolveUsers: ResolveUsers;
  readonly takeResolved: TakeResolved;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
}): ProcessCenterPage {
  const { transactions, writeJobChange, createId, clock } = dependencies;

  return async ({ tenantId, ...page }) => {
    const read =
      dependencies.takeResolved({ tenantId, jobId: page.jobId }) ??
      (await transactions.withTenant(tenantId, (tx) => readPage(tx, page)));
    if (read === null) return { done: 0, isCancelled: true, hasErrors: false };
    let verdict = await judge(tenantId, read);
    let [done, hasFailed] = [0, false];
    for (const waitMs of [...saveRetryWaitsMs, null]) {
      dependencies.heartbeat();
      const isLastTry = waitMs === null;
      const written = await transactions.withTenant(tenantId, (tx) => write(tx, page, { ...verdict, isLastTry }));
      if (written === null) return { done, isCancelled: true, hasErrors: false };
      done += written.settled;
      hasFailed = written.hasErrors;
      if (waitMs === null || written.unsaved.length === 0) break;
      await dependencies.sleep(waitMs);
      verdict = { ...verdict, reachable: written.unsaved, failures: [] };
    }
    return { done, isCancelled: false, hasErrors: hasFailed };
  };

  async function readPage(tx: Tx, page: Page) {
    const job = await findBatch(tx, page.jobId);
    if (job === null || job.state !== 'running') return null;
    return { job, center: await findCenter(tx, page.jobId), recipients: await listPendingRecipients(tx, page) };
  }

  async function judge(
    tenantId: string,
    { job, center, recipients, ...found }: ReadPage,
  ): Promise<Omit<Verdict, 'isLastTry'>> {
    if (recipients.length === 0) return { center, reachable: [], failures: [] };
    if (job.error !== null) return { center, reachable: [], failures: recipients.map(failForAll) };
    const users = recipients.map(({ merchantId, userId }) => ({ merchantId, userId }));
    const resolved =
      found.resolved ?? (await dependencies.resolveUsers({ tenantId, jobId: job.id, center, users, withPush: false }));
    const { reachable, failures } = judgeRecipients(recipients, resolved);
    const languages = new Map(
      resolved.isTold === true ? resolved.active.map((user) => [userKey(user), user.language]) : [],
    );
    return {
      center,
      reachable: reachable.map((each) => ({ ...each, language: languages.get(userKey(each)) ?? null })),
      failures,
    };
  }

  /** Null = the batch has ended; otherwise how many were settled, and who is left for another try. */
  async function write(tx: Tx, page: Page, verdict: Verdict) {
    const job = await lockBatch(tx, page.jobId);
    const now = clock();
    if (job === null || job.state !== 'running') return null;
    const waiting = new Set((await listPendingRecipients(tx, page)).map((recipient) => recipient.ordinal));
    // A page that is done may be looked at again, by another workflow, while the integrator is still to be told.
    if (waiting.size > 0 && job.expiresAt.getTime() <= now.getTime()) {
      await dependencies.expireBatch(tx, job, now);
      return null;
    }
    const rows = verdict.reachable
      .filter(({ ordinal }) => waiting.has(ordinal))
      .map((recipient) => ({ ...recipient, id: createId('inboxNotification') }));
    const owner = { tenantId: job.tenantId, jobId: job.id, center: verdict.center, now };
    const { saved, unsaved } = await saveInboxRows(tx, owner, rows);
    const failures = [...verdict.failures, ...(verdict.isLastTry ? unsaved.map(failUnsaved) : [])].filter(
      ({ ordinals }) => ordinals.some((ordinal) => waiting.has(ordinal)),
    );
    const ordinals = saved.map(({ ordinal }) => ordinal);
    const delivered = await markDelivered(tx, job.id, ordinals, now);
    const { failed, failedMerchants } = await dependencies.recordFailures(tx, job, failures, now);
    const change = recordPage(job, { delivered, failed, failedMerchants }, now);
    const written = await writeJobChange(tx, { job, change, now });
    return { settled: delivered + failed, unsaved: unsaved.map(({ row }) => row), hasErrors: hasErrors(written) };
  }
}

async function findCenter(tx: Tx, jobId: string): Promise<Center> {
  const content = await findContent(tx, jobId);
  const center = content === null ? null : centerOf(content.type);
  if (center === null) throw new Error('a notification for a centre was stored without its content');
  return center;
}

function failForAll({ merchantId, userId, ordinal }: BatchRecipient): RecipientFailure {
  return { code: 'unable_to_map_custom_notification', subject: { merchantId, userId }, ordinals: [ordinal] };
}

function failUnsaved({ row, sqlState }: UnsavedRow<BatchRecipient & { id: string }>): RecipientFailure {
  const { merchantId, userId, ordinal } = row;
  return {
    code: 'unable_to_save_custom_notification',
    subject: { merchantId, userId },
    ordinals: [ordinal],
    detail: sqlState === null ? null : `SQLSTATE ${sqlState}.`,
  };
}
