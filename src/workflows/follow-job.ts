import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryStep, MessageStep, RefusalDetails } from '../contracts/activities.ts';
import { type DeliveryResult, type JobReference, type JobToFollow, wakeSignal } from '../contracts/workflows.ts';
import { showState } from './show-state.ts';

export type Attempt = (input: JobReference & { readonly isFastPath: boolean }) => Promise<DeliveryStep>;
type EndStep = Extract<DeliveryStep, { next: 'end' }>;

/** What an outage of ours may take on top of what the job has left. */
const outageMs = 3_600_000;

/**
 * Attempts a job until nothing is left to do: first inside the workflow task, then as an ordinary activity, whose refusals
 * Temporal retries when the job's record says. A wake ends such a wait, and the record is looked at again; an activity that
 * is in the middle of its call ends it first. What waits for no retry is a row, and ends the run. The record decides, so
 * looking once too often is harmless.
 */
export async function followJob(
  { tenantId, jobId, retries }: JobToFollow,
  attempts: {
    readonly fastPath: Attempt;
    /** `activity` = the one that the step before asked for, if any. */
    readonly ownPath: (scheduleToCloseMs: number, activity: MessageStep | undefined) => Attempt;
  },
): Promise<DeliveryResult> {
  const job = { tenantId, jobId };
  let isWoken = false;
  let waiting: CancellationScope | null = null;
  setHandler(wakeSignal, () => {
    isWoken = true;
    waiting?.cancel();
  });

  // Forgotten before each attempt, which looks at the record; one that comes during it says that the record has changed.
  isWoken = false;
  let step = await attemptFirst(job, attempts.fastPath);
  let isWaitShown = false;
  while (step.next !== 'end' || isWoken) {
    if (workflowInfo().continueAsNewSuggested)
      return continueAsNew<(again: JobToFollow) => Promise<DeliveryResult>>({ ...job, ...(retries && { retries }) });
    if (step.next === 'wait') {
      setCurrentDetails(`**${step.state}** after ${step.attempts} attempts: ${step.summary}`);
      if (!isWaitShown) showState(step.state, step.errorCode);
      isWaitShown = true;
    }
    isWoken = false;
    step = await attemptUntilWoken(
      outageMs + (step.next === 'wait' ? step.expiresInMs : 0),
      step.next === 'end' ? undefined : step.activity,
    );
  }
  showState(step.state, step.errorCode, isWaitShown);
  setCurrentDetails(`**${step.state}** after ${step.attempts} attempts`);
  return endWith(step);

  async function attemptUntilWoken(
    scheduleToCloseMs: number,
    activity: MessageStep | undefined,
  ): Promise<DeliveryStep> {
    const scope = new CancellationScope();
    waiting = scope;
    try {
      return await scope.run(() => attempts.ownPath(scheduleToCloseMs, activity)({ ...job, isFastPath: false }));
    } catch (error) {
      if (isCancellation(error) && isWoken)
        return { next: 'escalate', reason: 'woken', ...(activity !== undefined && { activity }) };
      const told = readRefusal(error);
      if (told === null) throw error;
      // What is tried again is what was refused.
      return told.next === 'wait' && activity !== undefined ? { activity, ...told } : told;
    } finally {
      waiting = null;
    }
  }
}

/** The first attempt inside the workflow task; where our own infrastructure fails it, it goes on as an ordinary activity. */
export async function attemptFirst(job: JobReference, fastPath: Attempt): Promise<DeliveryStep> {
  try {
    return await fastPath({ ...job, isFastPath: true });
  } catch (error) {
    // A local activity fails with its own failure, not with an ActivityFailure around it as an ordinary one does.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return { next: 'escalate', reason: 'the fast path failed' };
  }
}

/** The step by whose failure an activity ended: for good, or with a wait that did not go on. Null = it is no refusal. */
function readRefusal(error: unknown): DeliveryStep | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  if (!(cause instanceof ApplicationFailure) || cause.details?.length !== 2) return null;
  // Our own activities make them.
  const [problem, step] = cause.details as unknown as RefusalDetails;
  return { ...step, problem };
}

/** A job that has failed or expired fails its workflow with its problem. */
function endWith({ state, attempts, problem }: EndStep): DeliveryResult {
  if (problem === null) return { state, attempts };
  throw ApplicationFailure.create({
    type: problem.class,
    message: `${problem.code}: ${problem.title}`,
    nonRetryable: true,
    details: [problem],
    category: 'BENIGN',
  });
}
