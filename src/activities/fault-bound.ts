import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { DeliveryStep } from '../contracts/activities.ts';
import type { JobReference } from '../contracts/workflows.ts';
import { failByFault, internalFailure, planAfterFault } from '../domain/internal-fault.ts';
import { type Job, noChange } from '../domain/job.ts';
import { type Problem, showProblem } from '../domain/problems/problem.ts';
import { closeAttempt, findOpenAttempt } from '../store/attempts.ts';
import { lineOf, makeNextDue } from '../store/conversation-lines.ts';
import { stopCallbacks } from '../store/deliveries.ts';
import { countFault, failRowAlone, forgetFaults } from '../store/internal-faults.ts';
import type { Stores } from '../store/index.ts';
import { lockJob } from '../store/jobs.ts';
import { cancelPendingRecipients } from '../store/recipients.ts';
import type { Tx } from '../store/transactions.ts';
import { type FaultLog, isTemporalsOwn } from '../temporal/failures.ts';
import { unanswered } from './delivery/closed-attempt.ts';
import { stepAfter, stepOfMissing } from './delivery/step-after.ts';
import { UnrecordedAnswer } from './record-answer.ts';

type BoundStores = Pick<
  Stores,
  'transactions' | 'channels' | 'writeJobChange' | 'describeFailure' | 'groups' | 'outside'
>;

/**
 * Bounds the faults of ours that a job may meet. A fault in code or data is the same at each try, so that it is counted on
 * the job's row, over all workflows and workers, and ends the job with `internal_error` after a few. An outage of a
 * dependency is none: it passes, and Temporal tries again.
 */
export function createFaultBound(dependencies: {
  readonly stores: BoundStores;
  readonly faultLog: FaultLog;
  readonly publicUrl: string;
  readonly clock: () => Date;
}) {
  const { stores, faultLog, publicUrl, clock } = dependencies;
  const { transactions, channels, writeJobChange, describeFailure, groups, outside } = stores;

  function isFault(error: unknown): boolean {
    return !isTemporalsOwn(error) && !faultLog.isOutage(error);
  }

  /** Counts the fault, or ends the job with it. Null = there is no such job. Throws where not even that can be written. */
  async function settle({ tenantId, jobId }: JobReference, fault: unknown): Promise<Job | null> {
    const faultId = faultLog.report(fault, { tenantId, jobId });
    const isAnswered = fault instanceof UnrecordedAnswer;
    const now = clock();
    const found = await transactions.withTenant(tenantId, async (tx) => {
      const job = await lockJob(tx, jobId);
      const until = job === null || job.terminal || isAnswered ? null : planAfterFault(job, now);
      return {
        job: job === null || until === null ? job : await countFault(tx, job, until, now),
        mustEnd: until === null,
      };
    });
    if (found.job === null || found.job.terminal || !found.mustEnd) return found.job;
    const failure = internalFailure(faultId, isAnswered);
    const problem = describeFailure({ job: found.job, failure, now, nextAttemptAt: null, recoverable: false });
    return end(found.job, problem, now);
  }

  /** Each way to end it writes less than the one before: what is broken may be any part of the record. */
  async function end({ id, tenantId }: Job, problem: Problem, now: Date): Promise<Job | null> {
    const inOne = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => transactions.withTenant(tenantId, work);
    const locked = (work: (tx: Tx, job: Job) => Promise<Job>): Promise<Job | null> =>
      inOne(async (tx) => {
        const job = await lockJob(tx, id);
        return job === null || job.terminal ? job : work(tx, job);
      });
    const ways = [
      () => locked((tx, job) => endWhole(tx, job, problem, now)),
      async () => {
        const ended = await locked(async (tx, job) => {
          const { set, events } = failByFault(job, problem, now, 0);
          return writeJobChange(tx, { job, change: { ...noChange, set, events }, now });
        });
        await tellWaiting(ended);
        return ended;
      },
    ];
    for (const way of ways) {
      try {
        return await way();
      } catch (error) {
        if (!isFault(error)) throw error;
        faultLog.report(error, { tenantId, jobId: id });
      }
    }
    const job = await inOne((tx) => failRowAlone(tx, id, problem, now));
    // Should this fail, the next one looks for its turn when its own time is over.
    if (job !== null && lineOf(job) !== null) await inOne((tx) => makeNextDue(tx, { job, now })).catch(reportOf(job));
    await tellWaiting(job);
    return job;

    /** By itself, as it may be what is broken; should it fail, what waits for the window's template waits for the person. */
    async function tellWaiting(template: Job | null): Promise<void> {
      if (template === null) return;
      await inOne((tx) => outside.endTemplate(tx, { template, numRetries: 0, now })).catch(reportOf(template));
    }
  }

  function reportOf({ id, tenantId }: Job): (error: unknown) => void {
    return (error) => void faultLog.report(error, { tenantId, jobId: id });
  }

  async function endWhole(tx: Tx, job: Job, problem: Problem, now: Date): Promise<Job> {
    const channel =
      job.kind === 'notification' || job.channelId === null ? null : await channels.findWhatsapp(tx, job.channelId);
    const numRetries = channel?.settings.numRetries ?? 0;
    const open = await findOpenAttempt(tx, job.id);
    if (open !== null) await closeAttempt(tx, { ...unanswered, id: open.id, outcome: 'ambiguous', problem });
    if (job.kind === 'message') await groups.cancelRest(tx, { cause: job, numRetries, now });
    const ended = await writeJobChange(tx, { job, change: failByFault(job, problem, now, numRetries), now });
    await outside.endTemplate(tx, { template: ended, numRetries, now });
    if (job.kind === 'notification') {
      await cancelPendingRecipients(tx, job.id, now);
      await stopCallbacks(tx, job.id, problem, now);
    }
    return ended;
  }

  return {
    /** An attempt whose faults are steps of the job's story: wait and try again, or the end. */
    ofAttempt<Input extends JobReference>(attempt: (input: Input) => Promise<DeliveryStep>) {
      return async (input: Input): Promise<DeliveryStep> => {
        try {
          return await attempt(input);
        } catch (fault) {
          if (!isFault(fault)) throw fault;
          const job = await settle(input, fault).catch(giveBack(fault, input));
          if (job === null) return stepOfMissing;
          const now = clock();
          if (job.terminal) return stepAfter(job, now);
          return {
            next: 'wait',
            expiresInMs: Math.max(0, job.expiresAt.getTime() - now.getTime()),
            waitMs: Math.max(1, (job.nextAttemptAt ?? planned(job, now)).getTime() - now.getTime()),
            state: job.state,
            errorCode: 'internal_error',
            summary: 'it is tried again after an internal error',
            attempts: job.attempts,
            problem: null,
          };
        }
      };
    },
    /** An activity of a batch: Temporal tries it again until the job has ended, which fails the workflow. */
    ofBatch<Input extends JobReference, Result>(activity: (input: Input) => Promise<Result>) {
      return async (input: Input): Promise<Result> => {
        try {
          const result = await activity(input);
          if (Context.current().info.attempt > 1) {
            await transactions.withTenant(input.tenantId, (tx) => forgetFaults(tx, input.jobId));
          }
          return result;
        } catch (fault) {
          if (!isFault(fault)) throw fault;
          const job = await settle(input, fault).catch(giveBack(fault, input));
          if (job?.terminal !== true || job.error === null) throw fault;
          const { code, title } = job.error;
          throw ApplicationFailure.create({
            type: code,
            message: title,
            nonRetryable: true,
            details: [showProblem(job.error, publicUrl)],
          });
        }
      };
    },
  };

  /** A job in the middle of a call has no time of its own: its claim decides. */
  function planned(job: Job, now: Date): Date {
    return planAfterFault({ internalFaults: job.internalFaults - 1 }, now) ?? now;
  }

  /** Not even the count can be written: an outage is told as one, else Temporal is told the fault itself. */
  function giveBack(fault: unknown, { tenantId, jobId }: JobReference): (error: unknown) => never {
    return (error) => {
      if (!isFault(error)) throw error;
      faultLog.report(error, { tenantId, jobId });
      throw fault;
    };
  }
}
