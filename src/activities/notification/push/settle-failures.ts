import type { RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import { recordPushes } from '../../../domain/notification/push/push-progress.ts';
import { lockBatch } from '../../../store/batch-jobs.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import type { Transactions } from '../../../store/transactions.ts';
import type { RecordFailures } from '../record-failures.ts';
import { nothingSettled, type Settled } from './push-slice.ts';

/** Fails those who cannot be pushed to at all, in one transaction; again it changes nothing. */
export interface SettleFailures {
  (
    batch: { readonly tenantId: string; readonly jobId: string },
    failures: readonly RecipientFailure[],
  ): Promise<Settled>;
}

export function createSettleFailures(dependencies: {
  readonly transactions: Transactions;
  readonly writeJobChange: WriteJobChange;
  readonly recordFailures: RecordFailures;
  readonly clock: () => Date;
}): SettleFailures {
  const { transactions, writeJobChange, recordFailures, clock } = dependencies;
  return async ({ tenantId, jobId }, failures) => {
    if (failures.length === 0) return nothingSettled;
    return transactions.withTenant(tenantId, async (tx) => {
      const job = await lockBatch(tx, jobId);
      const now = clock();
      if (job === null || job.state !== 'running' || job.expiresAt <= now) return nothingSettled;
      const { failed, failedMerchants } = await recordFailures(tx, job, failures, now);
      const progress = { attempts: 0, delivered: 0, failed, failedMerchants, problems: [] };
      await writeJobChange(tx, { job, change: recordPushes(job, progress, now), now });
      return { delivered: 0, failed };
    });
  };
}
