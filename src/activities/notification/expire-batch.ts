import type { Job } from '../../domain/job.ts';
import { expireBatch, expiredBatchFailure } from '../../domain/notification/control.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { cancelPendingRecipients } from '../../store/recipients.ts';
import type { Tx } from '../../store/transactions.ts';
import type { DescribeFailure } from './describe-failure.ts';

/** Ends a batch whose time-to-live has passed, with all who are still waiting. The caller holds the row's lock. */
export function createExpireBatch(dependencies: {
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
}): (tx: Tx, job: Job, now: Date) => Promise<Job> {
  return async (tx, job, now) => {
    await cancelPendingRecipients(tx, job.id, now);
    const problem = dependencies.describeFailure(job, expiredBatchFailure(job), now);
    return dependencies.writeJobChange(tx, { job, change: expireBatch(job, problem, now), now });
  };
}
