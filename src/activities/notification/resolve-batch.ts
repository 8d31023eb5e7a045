import type { NotificationActivities } from '../../contracts/activities.ts';
import type { JobReference } from '../../contracts/workflows.ts';
import type { Job } from '../../domain/job.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { ActiveUsers } from '../../domain/notification/active-users.ts';
import { hasErrors } from '../../domain/notification/progress.ts';
import { type BatchRecipient, type Center, centerOf } from '../../domain/notification/request.ts';
import { findActiveUsers } from '../../store/active-users.ts';
import { isTransientFault } from '../../store/database-faults.ts';
import { listPendingRecipients } from '../../store/recipients.ts';
import { findDirectorySource } from '../../store/tenants.ts';
import type { Tx } from '../../store/transactions.ts';
import type { OpenBatch, OpenedBatch } from './open-batch.ts';

/** Batches of at most a page each. */
const mostKept = 100;
const keptForMs = 10_000;

/** The recipients of a small batch with what the directory said of them. */
export interface ResolvedRecipients {
  readonly job: Job;
  readonly center: Center;
  readonly recipients: readonly BatchRecipient[];
  readonly resolved: ActiveUsers;
}

/** What `resolveUsers` found, for the page that follows in the same process; null = that page looks for itself. */
export interface TakeResolved {
  (reference: JobReference): ResolvedRecipients | null;
}

/**
 * Opens a batch; one of a single page, and whose directory is in our tables, in one transaction with the look-up of its
 * users, which is kept for the page that follows at once. Running it again is as safe as opening the batch again.
 */
export function createResolveBatch(dependencies: {
  readonly openBatch: OpenBatch;
  readonly keyRing: KeyRing;
  readonly currentRunId: () => string;
  readonly nowMs: () => number;
}): { readonly resolveUsers: NotificationActivities['resolveUsers']; readonly takeResolved: TakeResolved } {
  const { openBatch, keyRing, currentRunId, nowMs } = dependencies;
  // A Map keeps the order of insertion: the first is the oldest.
  const kept = new Map<string, { readonly found: ResolvedRecipients; readonly untilMs: number }>();
  const keyOf = (jobId: string) => JSON.stringify([jobId, currentRunId()]);

  return {
    async resolveUsers({ isFastPath, ...reference }) {
      const found = await openSmall(reference);
      if (found === null && isFastPath) return { next: 'escalate' };
      const { next, recipients, pageSize, type, job } = found?.opened ?? (await openBatch(reference));
      return {
        next,
        recipients,
        pageSize,
        isPush: type !== null && centerOf(type) === null,
        isShort: found?.isShort === true,
        hasErrors: job !== null && hasErrors(job),
      };
    },
    takeResolved({ jobId }) {
      const key = keyOf(jobId);
      const entry = kept.get(key);
      kept.delete(key);
      return entry !== undefined && entry.untilMs > nowMs() ? entry.found : null;
    },
  };

  function keep(jobId: string, found: ResolvedRecipients): void {
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    kept.set(keyOf(jobId), { found, untilMs: nowMs() + keptForMs });
  }

  /** Null = it is not small. */
  async function openSmall(
    reference: JobReference,
  ): Promise<{ readonly opened: OpenedBatch; readonly isShort: boolean } | null> {
    let isShort = false;
    const lookUp = async (tx: Tx, opened: OpenedBatch): Promise<void> => {
      const resolved = await findUsers(tx, opened);
      isShort = resolved !== null;
      if (resolved !== null) keep(reference.jobId, resolved);
    };
    try {
      const opened = await openBatch.atOnce(reference, lookUp);
      return opened === null ? null : { opened, isShort };
    } catch (error) {
      if (!(error instanceof Error) || isTransientFault(error)) throw error;
      // It may be the directory that cannot be read; the page has tries of its own, and knows whose error it is.
      const opened = await openBatch.atOnce(reference, async () => undefined);
      return opened === null ? null : { opened, isShort: false };
    }
  }

  /** Null = the page asks somebody outside, or is no page of a centre. */
  async function findUsers(
    tx: Tx,
    { job, type, recipients: to, next }: OpenedBatch,
  ): Promise<ResolvedRecipients | null> {
    const center = type === null ? null : centerOf(type);
    if (job === null || center === null || next !== 'pages') return null;
    if ((await findDirectorySource(tx, keyRing)).kind === 'http') return null;
    const recipients = await listPendingRecipients(tx, { jobId: job.id, from: 0, to });
    const known = await findActiveUsers(tx, center, recipients, { withPush: false });
    return { job, center, recipients, resolved: { ...known, unavailableMerchants: new Map() } };
  }
}
