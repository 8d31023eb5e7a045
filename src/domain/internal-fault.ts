import type { Failure } from './failure.ts';
import { recordBotFailure } from './inbound/outcome.ts';
import type { Job, JobChange } from './job.ts';
import { buildKpiValue } from './message/kpi.ts';
import { endInFailure } from './message/outcome.ts';
import { failBatch } from './notification/control.ts';
import type { Problem } from './problems/problem.ts';

/** So many faults of ours in a row end a job: what is wrong in code or data is the same at the next try. */
export const maxFaults = 5;
const firstWaitMs = 1_000;

/** When a job is tried again after one more fault of ours; null = it has had its tries. */
export function planAfterFault(job: Pick<Job, 'internalFaults'>, now: Date): Date | null {
  const faults = job.internalFaults + 1;
  return faults >= maxFaults ? null : new Date(now.getTime() + firstWaitMs * 2 ** (faults - 1));
}

/** `isAnswered` = an upstream had done its part, and only our record of it failed. */
export function internalFailure(faultId: string, isAnswered: boolean): Failure {
  const what = isAnswered
    ? 'The call to the upstream was answered, and Waypost could not record the answer.'
    : 'A fault of Waypost stopped this at every try.';
  return {
    code: 'internal_error',
    source: 'store',
    class: 'ambiguous',
    scope: 'message',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: `${what} The log line with faultId ${faultId} names the place in the code.`,
    provider: null,
    errors: [],
  };
}

/** Ends a job of any kind with a fault of ours, told as every other failure of that kind. */
export function failByFault(job: Job, problem: Problem, now: Date, numRetries: number): JobChange {
  switch (job.kind) {
    case 'message': {
      const kpi = buildKpiValue({ event: 'kernel_error', job, now, numRetries, problem, recoverable: false });
      return { ...endInFailure(job, problem, false, now), kpi: [kpi], problems: [problem] };
    }
    case 'inbound':
      return recordBotFailure({ job, problem, plan: null, now, numRetries });
    case 'notification':
      return failBatch(job, problem, now);
  }
}
