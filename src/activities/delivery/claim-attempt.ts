import type { MessageStep } from '../../contracts/activities.ts';
import { type Job, noChange } from '../../domain/job.ts';
import {
  busyUntil,
  type Claim,
  claimMessage,
  comesEarly,
  nameWaiter,
  type OpenCall,
  type WorkflowRun,
} from '../../domain/message/claim.ts';
import { afterWait } from '../../domain/message/outcome.ts';
import { countInterruption, interruptedFailure, isInterruption } from '../../domain/message/interruption.ts';
import type { OptOutCategory } from '../../domain/opt-out.ts';
import type { Turn } from '../../domain/message/turn.ts';
import { closeAttempt, findOpenAttempt, type OpenAttempt } from '../../store/attempts.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import { findTurn, lineOf } from '../../store/conversation-lines.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import type { GroupCancellation } from '../../store/group-cancellation.ts';
import { alone, createGroupCommit } from '../../store/group-commit.ts';
import { lockJob, tryLockJob } from '../../store/jobs.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import { findGroupFailure } from '../../store/message-groups.ts';
import type { OptOutStore } from '../../store/opt-outs.ts';
import { findReplyWindow, windowKeyOf } from '../../store/reply-windows.ts';
import { findSendLimits } from '../../store/send-limits.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { FaultLog } from '../../temporal/failures.ts';
import { wasOutageSince } from '../was-outage.ts';
import type { ClaimedAttempt, EnterDestination, Leave } from './claimed-attempt.ts';
import { unanswered } from './closed-attempt.ts';
import type { PrepareSend, ReadyMessage } from './prepare-send.ts';

export interface ClaimInput {
  readonly tenantId: string;
  readonly jobId: string;
  readonly run: WorkflowRun;
  readonly enter: EnterDestination;
  /** The only step that the caller is there for; absent = whatever is next. */
  readonly only?: MessageStep | undefined;
}

/** What these write is the message's own rows; the others may end it, and with it what waits for it. */
const ownRowOnly: ReadonlySet<Claim['kind']> = new Set(['go', 'done', 'wait', 'busy', 'hold']);

function giveBack(leave: Leave | null): void {
  leave?.(false);
}

/**
 * One transaction: lock the job, judge it, render it, open an attempt. Of several callers one gets the message. Running it
 * again after a crash finds the attempt open, and treats the send as one that may have gone out. Claims that come together
 * share a transaction where all that is to be written is their own rows.
 */
export function createClaimAttempt(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
  readonly groups: GroupCancellation;
  readonly optOuts: Pick<OptOutStore, 'findErased'>;
  readonly prepareSend: PrepareSend;
  readonly faultLog: Pick<FaultLog, 'sawOutageSince'>;
  readonly clock: () => Date;
}) {
  const { transactions, channels, writeJobChange, failures, groups, optOuts, prepareSend, faultLog, clock } =
    dependencies;
  const commit = createGroupCommit<ClaimInput, ClaimedAttempt>({ transactions, work: claimIn });

  return async function claimAttempt(input: ClaimInput): Promise<ClaimedAttempt> {
    let leave: ReturnType<EnterDestination> = null;
    const enter: EnterDestination = (channelId) => {
      // Claimed again by itself, when its group has failed.
      giveBack(leave);
      leave = input.enter(channelId);
      return leave;
    };
    try {
      const claimed = await commit(input.tenantId, { ...input, enter });
      if (claimed.kind !== 'send' && claimed.kind !== 'upload') giveBack(leave);
      return claimed;
    } catch (error) {
      giveBack(leave);
      throw error;
    }
  };

  async function claimIn(tx: Tx, input: ClaimInput, isShared: boolean): Promise<ClaimedAttempt | typeof alone> {
    const locked = await (isShared ? tryLockJob : lockJob)(tx, input.jobId);
    const isWaited = locked !== null && locked.awaitedBy !== null;
    const isReset = isWaited && locked.awaitedBy === nameWaiter(input.run);
    // Whatever is written of it now, nobody waits for it at Temporal any more.
    const job = locked === null ? null : { ...locked, awaitedBy: null };
    // What an interrupted call left behind may mean a failure; so may a row that somebody else holds.
    if (isShared && (job === null || job.state === 'sending')) return alone;
    const channelId = job?.channelId ?? null;
    if (job === null || channelId === null) return { kind: 'missing' };
    const [channel, limits] = await Promise.all([
      channels.findWhatsapp(tx, channelId),
      findSendLimits(tx, { channelId, recipient: job.to ?? '' }),
    ]);
    if (channel === null) return { kind: 'missing' };
    const leave = input.enter(channel.id);
    if (leave === null) return { kind: 'crowded' };
    const known = { ...job, recipient: limits.recipient ?? job.recipient };
    const { run, only } = input;
    const now = clock();
    const isForced = isReset && comesEarly(job, now);
    const isAtTemporal = isWaited && run.activityId !== null;
    const optedOut = await findOptedOut(tx, known, limits);
    // Before the turn: whoever writes lets go, in one transaction, what goes before this one.
    const { outside } = channel.settings.window;
    const isAsked = outside !== 'send' || job.origin === 'window_template';
    const window = isAsked ? await findReplyWindow(tx, windowKeyOf(known)) : null;
    const asked = { optedOut, window, isShared, isReset, isForced, isAtTemporal, only };
    return claim(tx, { job: known, channel, limits, run, now, leave, ...asked });
  }

  /** Only where the tenant has erased such people their ids have to be hashed. */
  async function findOptedOut(
    tx: Tx,
    { tenantId, to, recipient }: Job,
    { optedOut, hasErasedOptOuts }: Awaited<ReturnType<typeof findSendLimits>>,
  ): Promise<readonly OptOutCategory[]> {
    if (!hasErasedOptOuts) return optedOut;
    const { phone = null, userId = null, parentUserId = null } = recipient ?? {};
    const ids = [to, phone, userId, parentUserId].filter((id) => id !== null);
    return [...optedOut, ...(await optOuts.findErased(tx, tenantId, ids))];
  }

  async function claim(tx: Tx, ready: ReadyMessage): Promise<ClaimedAttempt | typeof alone> {
    const { job, channel, run, now, isShared, isReset } = ready;
    const [turn, groupFailedBy] = await Promise.all([turnOf(tx, job), groupFailureOf(tx, job)]);
    const open = job.state === 'sending' ? await findOpenCall(tx, job, run) : null;
    const isUploadLeft = open?.isUpload === true && busyUntil(open, now) === null;
    if (isUploadLeft) await closeUpload(tx, open.id);
    const verdict = claimMessage({
      job,
      now,
      isChannelPaused: channel.state === 'paused',
      turn,
      groupFailedBy,
      openSend: isUploadLeft ? null : open,
      isReset,
    });
    if (isShared && !ownRowOnly.has(verdict.kind)) return alone;
    switch (verdict.kind) {
      case 'done':
        return { kind: 'settled', job: await stopWaking(tx, job, now) };
      case 'wait':
        return { kind: 'settled', job: await lookAgainAt(tx, job, afterWait(job, verdict.until), now) };
      case 'busy':
        return { kind: 'settled', job: await lookAgainAt(tx, job, verdict.until, now) };
      case 'hold':
        return { kind: 'settled', job: await writeJobChange(tx, { job, change: verdict.change, now }) };
      case 'expired':
        if (job.isOutcomeUnknown) return giveUp(tx, job, channel, now);
        return {
          kind: 'settled',
          job: await failures.expire(tx, { job, numRetries: channel.settings.numRetries, now }),
        };
      case 'group_failed': {
        const { numRetries } = channel.settings;
        const cancelled = await groups.cancelOne(tx, { job, causeId: verdict.causeId, numRetries, now });
        return { kind: 'settled', job: cancelled };
      }
      case 'interrupted':
        return interrupt(tx, job, channel, open, now);
      case 'window_closed':
        return afterWindow(tx, ready);
      case 'go':
        return prepareSend(tx, ready);
    }
  }

  async function findOpenCall(tx: Tx, job: Job, run: WorkflowRun): Promise<(OpenAttempt & OpenCall) | null> {
    const open = await findOpenAttempt(tx, job.id);
    return open === null ? null : { ...open, isOfThisRun: job.workflowRunId === run.runId };
  }

  /** An upload that was cut short leaves nothing in doubt: it is made again. */
  async function closeUpload(tx: Tx, attemptId: string): Promise<void> {
    await closeAttempt(tx, { ...unanswered, id: attemptId, outcome: 'retry', problem: null });
  }

  /** What was claimed before had its turn; only what stands in line, or comes into it because its time has come, has to wait. */
  async function turnOf(tx: Tx, job: Job): Promise<Turn> {
    const line = isUnclaimed(job) ? lineOf(job) : null;
    return line === null ? 'free' : findTurn(tx, { line, jobId: job.id });
  }

  async function groupFailureOf(tx: Tx, job: Job): Promise<string | null> {
    return job.groupId !== null && isUnclaimed(job) && job.origin !== 'user_notice' ? findGroupFailure(tx, job) : null;
  }

  /** Nothing is left to do: the sweep must not offer it for ever, nor an attempt stay open whose status told the rest. */
  async function stopWaking(tx: Tx, job: Job, now: Date): Promise<Job> {
    const open = await findOpenAttempt(tx, job.id);
    if (open?.isUpload === true) await closeUpload(tx, open.id);
    else if (open !== null) await closeAttempt(tx, { ...unanswered, id: open.id, outcome: 'accepted', problem: null });
    if (job.wakeAt === null) return job;
    return writeJobChange(tx, { job, change: { ...noChange, set: { wakeAt: null } }, now });
  }

  /** It is not its time, or another run is in its call and goes on with the message itself: the sweep looks again then. */
  async function lookAgainAt(tx: Tx, job: Job, at: Date, now: Date): Promise<Job> {
    if (job.wakeAt !== null && job.wakeAt >= at) return job;
    return writeJobChange(tx, { job, change: { ...noChange, set: { wakeAt: at } }, now });
  }

  async function interrupt(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    open: OpenAttempt | null,
    now: Date,
  ): Promise<ClaimedAttempt> {
    if (open === null) throw new Error('an interruption without an open attempt');
    const counted = countInterruption(job, await wasOutageSince(tx, open.startedAt, faultLog));
    const recorded = await failures.record(tx, { job: counted, channel, failure: interruptedFailure, now });
    await closeAttempt(tx, { ...unanswered, id: open.id, outcome: 'ambiguous', problem: recorded.problem });
    return { kind: 'settled', job: recorded.job };
  }

  /** It may have gone out before its time was over. */
  async function giveUp(tx: Tx, job: Job, channel: WhatsappChannel, now: Date): Promise<ClaimedAttempt> {
    const closed = await failures.recordWindowClosed(tx, { job, channel, now });
    return { kind: 'settled', job: closed.job };
  }

  async function afterWindow(tx: Tx, ready: ReadyMessage): Promise<ClaimedAttempt | typeof alone> {
    const { job, channel, now } = ready;
    // What our own crash costs was counted when it was found.
    const { ambiguousPolicy, numRetries } = channel.settings;
    if (isInterruption(job.error) && ambiguousPolicy === 'resend' && job.retriesUsed <= numRetries) {
      return prepareSend(tx, { ...ready, job: { ...job, possibleDuplicate: true } });
    }
    const closed = await failures.recordWindowClosed(tx, { job, channel, now });
    const isDue = closed.decision.next === 'retry' && (ready.isReset || closed.decision.delayMs === 0);
    return isDue ? prepareSend(tx, { ...ready, job: closed.job }) : { kind: 'settled', job: closed.job };
  }
}

function isUnclaimed({ state }: Job): boolean {
  return state === 'queued' || state === 'held' || state === 'scheduled';
}
