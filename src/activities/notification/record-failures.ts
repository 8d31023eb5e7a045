import type { Job } from '../../domain/job.ts';
import type { RecipientFailure } from '../../domain/notification/judge-recipients.ts';
import { toFailure, writeNotificationError } from '../../domain/notification/notification-error.ts';
import { countFailedMerchants, type ErrorToStore, insertErrors } from '../../store/notification-errors.ts';
import { markFailed } from '../../store/recipients.ts';
import type { Tx } from '../../store/transactions.ts';
import type { DescribeFailure } from './describe-failure.ts';

/**
 * Stores errors with their problems and fails their recipients who still wait; `failed` = how many these are,
 * `failedMerchants` = how many merchants of the batch failed as a whole. The caller holds the job's lock. Again it changes
 * nothing: an error is keyed by its code and user.
 */
export interface RecordFailures {
  (
    tx: Tx,
    job: Job,
    failures: readonly RecipientFailure[],
    now: Date,
  ): Promise<{ readonly failed: number; readonly failedMerchants: number }>;
}

export function createRecordFailures(dependencies: { readonly describeFailure: DescribeFailure }): RecordFailures {
  const { describeFailure } = dependencies;

  function describe(job: Job, failure: RecipientFailure, now: Date): ErrorToStore {
    const error = writeNotificationError(failure.code, failure.subject);
    // What is wrong for all is one problem, on the job and on every recipient.
    if (failure.code === job.error?.code) return { ...error, description: job.error.detail, problem: job.error };
    const described = { ...toFailure(error, failure.detail ?? null), provider: failure.provider ?? null };
    return { ...error, problem: describeFailure(job, described, now) };
  }

  return async (tx, job, failures, now) => {
    const errors = failures.map((failure) => describe(job, failure, now));
    await insertErrors(tx, { tenantId: job.tenantId, jobId: job.id }, errors);
    const failed = await failByCode(tx, job.id, failures, now);
    const failedMerchants = failures.some(({ subject }) => subject.userId === undefined)
      ? await countFailedMerchants(tx, job.id)
      : (job.counts?.failedMerchants ?? 0);
    return { failed, failedMerchants };
  };
}

async function failByCode(tx: Tx, jobId: string, failures: readonly RecipientFailure[], now: Date): Promise<number> {
  const ordinalsByCode = new Map<string, number[]>();
  for (const { code, ordinals } of failures) {
    const known = ordinalsByCode.get(code);
    if (known === undefined) ordinalsByCode.set(code, [...ordinals]);
    else known.push(...ordinals);
  }
  let failed = 0;
  for (const [code, ordinals] of ordinalsByCode) failed += await markFailed(tx, jobId, { code, ordinals }, now);
  return failed;
}
