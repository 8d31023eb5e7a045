import type { Failure } from '../../domain/failure.ts';
import type { CreateId } from '../../domain/ids.ts';
import type { Job } from '../../domain/job.ts';
import { buildProblem } from '../../domain/problems/build-problem.ts';
import type { Problem } from '../../domain/problems/problem.ts';

/** Makes the problem of one failure of a batch; `attempt` = the try that failed. Whoever makes it stores it. */
export interface DescribeFailure {
  (
    job: Job,
    failure: Failure,
    now: Date,
    more?: { readonly attempt?: number; readonly nextAttemptAt?: Date; readonly recoverable?: boolean },
  ): Problem;
}

export function createDescribeFailure(dependencies: { readonly createId: CreateId }): DescribeFailure {
  return (job, failure, now, more = {}) =>
    buildProblem({
      failure,
      problemId: dependencies.createId('problem'),
      attempt: more.attempt ?? null,
      jobId: job.id,
      requestId: job.requestId,
      tenantId: job.tenantId,
      occurredAt: now.toISOString(),
      nextAttemptAt: more.nextAttemptAt?.toISOString() ?? null,
      recoverable: more.recoverable ?? false,
    });
}
