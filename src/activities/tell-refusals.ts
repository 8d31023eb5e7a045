import { CompleteAsyncError, Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { DeliveryStep, RefusalDetails } from '../contracts/activities.ts';
import type { JobReference } from '../contracts/workflows.ts';
import { showProblems } from '../domain/problems/problem.ts';
import { describeCode } from '../domain/problems/catalogue.ts';
import { nameWaiter, type WorkflowRun } from '../domain/message/claim.ts';
import { rememberWaiter } from '../store/jobs.ts';
import type { Transactions } from '../store/transactions.ts';

/** Well below the heartbeat time-out of these activities (`workflows/attempt-options.ts`). */
const heartbeatEveryMs = 5_000;

type Attempt = (input: JobReference & { readonly isFastPath: boolean }) => Promise<DeliveryStep>;

/**
 * Makes an ordinary activity of an attempt that returns steps: a refusal becomes its failure, whose next try is Temporal's
 * own retry. Once Temporal has confirmed the failure, the job's row remembers which activity waits: comes that early, an
 * operator has reset it, and it calls at once; anybody else who comes early is told the recorded refusal again. So whether
 * there is a call is decided by the row, never by Temporal's count of attempts.
 */
export function createTellRefusals(dependencies: {
  readonly transactions: Transactions;
  readonly publicUrl: string;
  readonly currentRun: () => WorkflowRun;
  /** Fails the current activity, and returns when Temporal has confirmed it. */
  readonly failActivity?: (failure: ApplicationFailure) => Promise<void>;
}): (attempt: Attempt) => Attempt {
  const { transactions, publicUrl, currentRun, failActivity = failCurrentActivity } = dependencies;

  /** Should this fail, whoever comes early is told the refusal once more. */
  async function remember({ tenantId, jobId }: JobReference, attempts: number): Promise<void> {
    const waiter = nameWaiter(currentRun());
    if (waiter === null) return;
    await transactions
      .withTenant(tenantId, (tx) => rememberWaiter(tx, { jobId, waiter, attempts }))
      .catch(() => undefined);
  }

  return (attempt) => async (input) => {
    const step = showProblems(
      await (input.isFastPath ? attempt(input) : attemptWithHeartbeat(attempt, input)),
      publicUrl,
    );
    const failure = input.isFastPath ? null : toFailure(step);
    if (failure === null || step.next === 'escalate') return step;
    if (step.next === 'end') throw failure;
    try {
      await failActivity(failure);
    } catch {
      // Not confirmed: the SDK tells it by its own ways.
      throw failure;
    }
    await remember(input, step.attempts);
    throw new CompleteAsyncError();
  };
}

/** So that Temporal learns soon of a worker that died: what it had taken, also without having begun, goes to another. */
async function attemptWithHeartbeat(attempt: Attempt, input: Parameters<Attempt>[0]): Promise<DeliveryStep> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), heartbeatEveryMs);
  try {
    return await attempt(input);
  } finally {
    clearInterval(beat);
  }
}

async function failCurrentActivity(failure: ApplicationFailure): Promise<void> {
  const { client, info } = Context.current();
  await client.activity.fail(info.taskToken, failure);
}

/** Null = there is no refusal to tell. */
export function toFailure(step: DeliveryStep): ApplicationFailure | null {
  if (step.next === 'escalate' || (step.next === 'end' && step.problem === null)) return null;
  const { problem } = step;
  const code = step.errorCode ?? 'internal_error';
  return ApplicationFailure.create({
    // A fault of ours has no class: nobody has refused anything.
    type: problem?.class ?? code,
    message: `${code}: ${describeCode(code)?.title ?? code}`,
    details: [problem, { ...step, problem: null }] satisfies RefusalDetails,
    nonRetryable: step.next === 'end',
    ...(step.next === 'wait' && { nextRetryDelay: step.waitMs }),
    category: 'BENIGN',
  });
}
