import type { Failure } from '../domain/failure.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { buildProblem } from '../domain/problems/build-problem.ts';
import type { Problem } from '../domain/problems/problem.ts';

/** Makes the one problem document of a failure, with an id of its own. `nextAttemptAt` null = nothing is planned. */
export interface DescribeFailure {
  (input: {
    readonly job: Job;
    readonly failure: Failure;
    readonly now: Date;
    readonly nextAttemptAt: Date | null;
    readonly recoverable: boolean;
  }): Problem;
}

export function createDescribeFailure(dependencies: { readonly createId: CreateId }): DescribeFailure {
  const { createId } = dependencies;
  return ({ job, failure, now, nextAttemptAt, recoverable }) =>
    buildProblem({
      failure,
      problemId: createId('problem'),
      attempt: job.attempts === 0 ? null : job.attempts,
      jobId: job.id,
      requestId: job.requestId,
      tenantId: job.tenantId,
      occurredAt: now.toISOString(),
      nextAttemptAt: nextAttemptAt === null ? null : nextAttemptAt.toISOString(),
      recoverable,
    });
}
