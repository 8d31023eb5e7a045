import type { Job } from '../domain/job.ts';
import { groupCancelledFailure } from '../domain/message/ending-failures.ts';
import { cancelByGroup } from '../domain/message/control.ts';
import type { DescribeFailure } from './describe-failure.ts';
import type { WriteJobChange } from './job-changes.ts';
import { lockUnsentOfGroup } from './message-groups.ts';
import type { Tx } from './transactions.ts';

export interface GroupCancellation {
  /** Cancels whatever of the failed message's group was not sent. The caller writes the failure itself after it. */
  cancelRest(tx: Tx, input: { readonly cause: Job; readonly numRetries: number; readonly now: Date }): Promise<void>;
  /** Cancels one message, whose lock the caller holds, because its group has failed. */
  cancelOne(
    tx: Tx,
    input: { readonly job: Job; readonly causeId: string; readonly numRetries: number; readonly now: Date },
  ): Promise<Job>;
}

export function createGroupCancellation(dependencies: {
  readonly describeFailure: DescribeFailure;
  readonly writeJobChange: WriteJobChange;
}): GroupCancellation {
  const { describeFailure, writeJobChange } = dependencies;

  const cancelOne: GroupCancellation['cancelOne'] = async (tx, { job, causeId, numRetries, now }) => {
    const failure = groupCancelledFailure(causeId);
    const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
    return writeJobChange(tx, { job, change: cancelByGroup({ job, problem, now, numRetries }), now });
  };

  return {
    cancelOne,
    async cancelRest(tx, { cause, numRetries, now }) {
      if (cause.groupId === null || cause.origin === 'user_notice') return;
      // The last one first, and the cause after them: so nobody's turn comes who is about to be cancelled.
      for (const job of await lockUnsentOfGroup(tx, cause)) {
        await cancelOne(tx, { job, causeId: cause.id, numRetries, now });
      }
    },
  };
}
