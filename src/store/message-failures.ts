import { type EndedCall, hasLastingTlsFault, readOutage, stateOf } from '../domain/circuit-breaker.ts';
import type { Failure } from '../domain/failure.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { type Decision, decideAfterAmbiguousWindow, decideAfterFailure } from '../domain/message/decide.ts';
import { interruptedFailure } from '../domain/message/interruption.ts';
import { windowAt } from '../domain/message/conversation-window.ts';
import { closeWindow } from '../domain/message/window.ts';
import { writeNotice } from '../domain/message/notice.ts';
import { recordFailure, refuseMessage } from '../domain/message/outcome.ts';
import { expireMessage } from '../domain/message/claim.ts';
import type { WaitFacts } from '../domain/explain-wait.ts';
import { describeGivingUp, expiredFailure } from '../domain/message/ending-failures.ts';
import { toSentence } from '../domain/wording.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { OutageChange } from './channel-outages.ts';
import type { ChannelStore, WhatsappChannel } from './channels.ts';
import type { DescribeFailure } from './describe-failure.ts';
import type { GroupCancellation } from './group-cancellation.ts';
import type { WriteJobChange } from './job-changes.ts';
import { hasNotice } from './jobs.ts';
import type { InsertJob } from './new-jobs.ts';
import type { OptOutStore } from './opt-outs.ts';
import { findReplyWindow, windowKeyOf } from './reply-windows.ts';
import type { OutsideWindow } from './outside-window.ts';
import type { Tx } from './transactions.ts';
import { createReadThrottling } from './throttling.ts';
import { isUniqueViolation } from './violations.ts';

interface WindowToClose {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly now: Date;
}

interface FailureToRecord extends WindowToClose {
  readonly failure: Failure;
  /** The call that failed; absent = none was made now: a status, an interruption or the rendering tells it. */
  readonly call?: EndedCall;
  /** The record is final already (its status window has closed): it learns the failure, and nothing is sent again. */
  readonly isFinal?: boolean;
}

/** A failure as it was stored: the job as it now is, and the problem. */
export interface RecordedFailure {
  readonly job: Job;
  readonly problem: Problem;
  readonly decision: Decision;
  readonly outage: OutageChange | null;
}

export interface MessageFailures {
  /** Decides what becomes of a message after a failure and stores all of it: problem, KPI event, notice, pause, breaker. */
  record(tx: Tx, input: FailureToRecord): Promise<RecordedFailure>;
  /** Ends a message that must not, or cannot, be sent, before any call; `cancelRest` of its group as ever. */
  refuse(tx: Tx, input: WindowToClose & { readonly failure: Failure }): Promise<{ job: Job; problem: Problem }>;
  /** The same for the end of the window after an unknown outcome: sent again, or given up. */
  recordWindowClosed(tx: Tx, input: WindowToClose): Promise<{ job: Job; decision: Decision }>;
  /** Ends a message whose time-to-live has passed. `facts` = of its last wait; left out = its record says enough. */
  expire(tx: Tx, input: { job: Job; numRetries: number; now: Date; facts?: WaitFacts | null }): Promise<Job>;
}

/** Meta: the person has stopped marketing messages. */
const marketingStopped = 'whatsapp_131050';

const lateFailure: Decision = {
  next: 'fail',
  newFailure: null,
  outOfRetries: true,
  informUser: false,
  recoverable: false,
  willRetry: false,
};

/** The caller holds the job's lock. Nothing is sent from here: the user's notice is a job of its own. */
export function createMessageFailures(dependencies: {
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly insertJob: InsertJob;
  readonly describeFailure: DescribeFailure;
  readonly groups: GroupCancellation;
  readonly optOuts: Pick<OptOutStore, 'optOut'>;
  readonly outside: OutsideWindow;
  readonly createId: CreateId;
  readonly random: () => number;
}): MessageFailures {
  const { channels, writeJobChange, insertJob, describeFailure, groups, optOuts, outside, createId, random } =
    dependencies;

  const readThrottling = createReadThrottling({ channels, random });

  async function record(tx: Tx, input: FailureToRecord): Promise<RecordedFailure> {
    const { job, channel, call, now } = input;
    const { numRetries, countOutages } = channel.settings;
    const isAtFault = call !== undefined && call.result !== 'answered';
    // What is throttled locks its limit before the breaker; these are not.
    const noted = isAtFault ? await channels.noteCall(tx, channel, call, now) : null;
    const failure =
      noted !== null && call?.isTlsFault === true && hasLastingTlsFault(noted.breaker)
        ? { ...input.failure, class: 'configuration' as const }
        : input.failure;
    const refusal = await outside.readRefusal(tx, { job, channel, failure, now });
    const throttling = await readThrottling(tx, { job, channel, failure, now });
    const decision =
      input.isFinal === true
        ? lateFailure
        : decideAfterFailure({
            failure,
            throttledInARow: throttling?.before ?? job.throttledInARow,
            attempts: job.attempts,
            outage: noted === null || call === undefined ? null : readOutage(call.result, noted.breaker, countOutages),
            outside: refusal?.kind,
            isNotice: job.origin === 'user_notice',
            alreadyInformedGroup: await hasNotice(tx, job.groupId, job.id),
            ...timing(job, channel, now),
          });
    const nextAttemptAt = decision.next === 'retry' ? new Date(now.getTime() + decision.delayMs) : null;
    const gaveUp = decision.next === 'fail' && decision.outOfRetries && input.isFinal !== true;
    const told = gaveUp
      ? { ...failure, detail: `${toSentence(describeGivingUp(job, now))} ${failure.detail}` }
      : failure;
    const problem = describeFailure({ job, failure: told, now, nextAttemptAt, recoverable: decision.recoverable });
    const userInformed = decision.informUser && (await storeNotice(tx, job, channel, now));
    const change = recordFailure({
      job,
      problem,
      decision,
      now,
      numRetries,
      userInformed,
    });
    if (failure.code === marketingStopped && job.to !== null) {
      const said = { id: job.to, category: 'marketing', source: 'whatsapp_131050' } as const;
      await optOuts.optOut(tx, { tenantId: job.tenantId, channelId: channel.id, ...said, now });
    }
    if (decision.next === 'pause_channel') await channels.pause(tx, channel.id, problem, now);
    if (decision.next === 'retry' && throttling !== null) await throttling.block(decision);
    if (decision.next === 'fail') await groups.cancelRest(tx, { cause: job, numRetries, now });
    if (decision.next === 'hold_for_window' && refusal !== null)
      await outside.askToWrite(tx, { job, channel, window: refusal.window, now });
    const written = await writeJobChange(tx, { job, change, now });
    await outside.endTemplate(tx, { template: written, numRetries, now });
    const after = noted ?? (call === undefined ? null : await channels.noteCall(tx, channel, call, now));
    return { job: written, problem, decision, outage: after?.change ?? null };
  }

  async function recordWindowClosed(tx: Tx, input: WindowToClose): Promise<{ job: Job; decision: Decision }> {
    const { job, channel, now } = input;
    const last = job.error ?? interruptedFailure;
    const isExpired = job.expiresAt.getTime() <= now.getTime();
    const decision = decideAfterAmbiguousWindow({
      last,
      overrides: channel.settings.errorOverrides,
      isOutage: stateOf(channel.breakers.kernel) !== 'closed' && !channel.settings.countOutages,
      ...timing(job, channel, now),
      // Past its time-to-live nothing is sent, and "expired" would say that nothing was.
      ...(isExpired ? { limits: { ...channel.settings, ambiguousPolicy: 'fail' as const } } : {}),
    });
    const newFailure = decision.next === 'fail' ? decision.newFailure : null;
    const problem =
      newFailure === null
        ? null
        : describeFailure({ job, failure: newFailure, now, nextAttemptAt: null, recoverable: decision.recoverable });
    const { numRetries } = channel.settings;
    const change = closeWindow({ job, decision, problem, now, numRetries });
    if (decision.next === 'fail') await groups.cancelRest(tx, { cause: job, numRetries, now });
    const closed = await writeJobChange(tx, { job, change, now });
    await outside.endTemplate(tx, { template: closed, numRetries, now });
    return { job: closed, decision };
  }

  function timing(job: Job, channel: WhatsappChannel, now: Date) {
    return {
      retriesUsed: job.retriesUsed,
      limits: channel.settings,
      nowMs: now.getTime(),
      expiresAtMs: job.expiresAt.getTime(),
      random,
    };
  }

  /** False = there is nobody to tell, or another failure of the group, recorded at this very moment, tells already. */
  async function storeNotice(tx: Tx, job: Job, channel: WhatsappChannel, now: Date): Promise<boolean> {
    // It is no template, so that it would not arrive.
    if (windowAt(await findReplyWindow(tx, windowKeyOf(job)), now).state === 'closed') return false;
    const written = writeNotice({ job, channel, id: createId('message'), now });
    if (written === null) return false;
    await tx.execute({ text: 'savepoint notice' });
    try {
      await insertJob(tx, written);
      return true;
    } catch (error) {
      // The index `job_one_notice_a_group` decides between the two; the failure itself must be recorded all the same.
      if (!isUniqueViolation(error)) throw error;
      await tx.execute({ text: 'rollback to savepoint notice' });
      return false;
    }
  }

  async function refuse(tx: Tx, { job, channel, failure, now }: WindowToClose & { readonly failure: Failure }) {
    const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
    const { numRetries } = channel.settings;
    await groups.cancelRest(tx, { cause: job, numRetries, now });
    const change = refuseMessage(job, problem, now, numRetries);
    const refused = await writeJobChange(tx, { job, change, now });
    await outside.endTemplate(tx, { template: refused, numRetries, now });
    return { job: refused, problem };
  }

  return {
    record,
    refuse,
    recordWindowClosed,
    async expire(tx, { job, numRetries, now, facts = null }) {
      const failure = expiredFailure(job, facts);
      const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
      const expired = await writeJobChange(tx, { job, change: expireMessage(job, problem, now, numRetries), now });
      await outside.endTemplate(tx, { template: expired, numRetries, now });
      return expired;
    },
  };
}
