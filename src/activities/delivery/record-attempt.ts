import { isInterruption } from '../../domain/message/interruption.ts';
import { kernelFailure, refusedCall } from '../../domain/message/kernel-failure.ts';
import { recordAccepted } from '../../domain/message/outcome.ts';
import { advanceMessage } from '../../domain/message/status.ts';
import { mergeParts } from '../../domain/message/part-states.ts';
import { standsInLine } from '../../domain/message/turn.ts';
import { answeredBy, stateOf } from '../../domain/circuit-breaker.ts';
import { noChange, type Job } from '../../domain/job.ts';
import { closeAttempt, findOpenAttempt } from '../../store/attempts.ts';
import type { OutageChange } from '../../store/channel-outages.ts';
import type { ChannelSigns } from '../../store/channel-signs.ts';
import type { ChannelStore } from '../../store/channels.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { isFollowed, lineOf } from '../../store/conversation-lines.ts';
import { alone, createGroupCommit } from '../../store/group-commit.ts';
import { forgetLocked, lockJob, tryLockJob } from '../../store/jobs.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import type { MessageStatuses } from '../../store/message-statuses.ts';
import { insertPart, listParts } from '../../store/message-parts.ts';
import {
  claimParkedStatuses,
  isStatusParked,
  type ProviderStatus,
  readStatusWord,
} from '../../store/provider-statuses.ts';
import { forgetThrottling } from '../../store/send-limits.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { FaultLog } from '../../temporal/failures.ts';
import type { KernelAnswer } from '../../upstreams/kernel/kernel-answer.ts';
import type { ClaimedSend } from './claimed-attempt.ts';
import { closing } from './closed-attempt.ts';

export interface RecordedAttempt {
  readonly job: Job;
  /** This was not the last call that the message needs: another may be made at once. */
  readonly hasMoreParts: boolean;
  /** What the call changed for all messages of its number; null = nothing. */
  readonly outage: OutageChange | null;
}

type Accepted = Extract<KernelAnswer, { kind: 'accepted' }>;

interface Acceptance {
  readonly sending: ClaimedSend;
  readonly answer: Accepted;
}

/** An answer came and is being recorded: what went wrong in a row before it is over. */
function answered(locked: Job | null): Job {
  if (locked === null) throw new Error('a job vanished while it was sent');
  return { ...locked, internalFaults: 0, interruptions: 0 };
}

/**
 * One transaction: close the attempt and carry out what its answer means. An attempt is closed once, so running it again
 * changes nothing; a job that has moved on meanwhile (a status came first, another process took the send for lost) keeps
 * what it knows, and only learns the provider's id. Acceptances that come together share a transaction.
 */
export function createRecordAttempt(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'noteCall'>;
  readonly channelSigns: Pick<ChannelSigns, 'note'>;
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
  readonly statuses: MessageStatuses;
  readonly faultLog: Pick<FaultLog, 'isOutage' | 'report'>;
  readonly clock: () => Date;
}) {
  const { transactions, channels, channelSigns, writeJobChange, failures, statuses, faultLog, clock } = dependencies;

  const commit = createGroupCommit<Acceptance, RecordedAttempt>({ transactions, work: acceptIn });

  return async function recordAttempt(sending: ClaimedSend, answer: KernelAnswer): Promise<RecordedAttempt> {
    const { tenantId } = sending.job;
    if (answer.kind === 'accepted') return commit(tenantId, { sending, answer });
    return transactions.withTenant(tenantId, async (tx) => {
      const locked = await lockJob(tx, sending.job.id);
      return refuse(tx, sending, answered(locked), answer, clock());
    });
  };

  async function acceptIn(
    tx: Tx,
    { sending, answer }: Acceptance,
    isShared: boolean,
  ): Promise<RecordedAttempt | typeof alone> {
    const [locked, isParked] = await Promise.all([
      (isShared ? tryLockJob : lockJob)(tx, sending.job.id),
      isShared && isStatusParked(tx, answer.providerMessageId),
    ]);
    const { kernel: breaker } = sending.channel.breakers;
    const isInTrouble = sending.wasThrottled || stateOf(breaker) !== 'closed';
    if (isShared && (locked === null || isParked || isInTrouble || (await wakesNext(tx, locked)))) return alone;
    const now = clock();
    channelSigns.note({ tenantId: sending.job.tenantId, channelId: sending.channel.id }, 'send', now);
    const accepted = await accept(tx, sending, answered(locked), answer, now);
    if (breaker === null) return { ...accepted, outage: null };
    const { change } = await channels.noteCall(tx, sending.channel, answeredBy('kernel', sending.isProbe), now);
    return { ...accepted, outage: change };
  }

  /** Whoever leaves a line makes the next one due, whose row may be taken. */
  async function wakesNext(tx: Tx, job: Job): Promise<boolean> {
    const line = standsInLine(job) ? lineOf(job) : null;
    return line !== null && isFollowed(tx, { line, jobId: job.id });
  }

  async function accept(
    tx: Tx,
    sending: ClaimedSend,
    job: Job,
    answer: Accepted,
    now: Date,
  ): Promise<Omit<RecordedAttempt, 'outage'>> {
    const { providerMessageId } = answer;
    const part = { tenantId: job.tenantId, jobId: job.id, providerMessageId, part: sending.part, state: 'accepted' };
    // One behind the other on the wire, and waited for together; each may run twice.
    const [isFirst, , parked] = await Promise.all([
      closeAttempt(tx, { ...closing(sending, answer), outcome: 'accepted', problem: null }),
      insertPart(tx, part),
      claimParkedStatuses(tx, { providerMessageId, jobId: job.id }),
      sending.wasThrottled && forgetThrottling(tx, { channelId: sending.channel.id, recipient: job.to ?? '' }, now),
    ]);
    if (!isFirst && job.providerMessageIds.includes(providerMessageId)) {
      // Written before, by a commit whose confirmation got lost.
      return { job, hasMoreParts: job.state === 'sending' };
    }
    const isOurs = job.state === 'sending' || (job.isOutcomeUnknown && isInterruption(job.error));
    const isKnown = ['sent', 'delivered', 'read'].includes(job.state);
    if (!isOurs && !isKnown) {
      // Ended or sent again meanwhile: the record keeps the id, so that later statuses find their message.
      const set = { providerMessageIds: [...job.providerMessageIds, providerMessageId] };
      return {
        job: await writeJobChange(tx, { job, change: { ...noChange, set }, now }),
        hasMoreParts: false,
      };
    }
    const { numRetries, statusWindowSeconds } = sending.channel.settings;
    const confirmed = job.partsTotal === 1 ? 'accepted' : mergeParts(await listParts(tx, job.id), job.partsTotal);
    const isComplete = confirmed !== null;
    const change = recordAccepted({ job, providerMessageId, isComplete, now, numRetries, statusWindowSeconds });
    let recorded = await writeJobChange(tx, { job, change, now });
    if (isComplete && confirmed !== 'accepted') {
      // Every part's status came before the last answer did.
      const advance = advanceMessage({ job: recorded, confirmed, now, numRetries, statusWindowSeconds });
      if (advance !== null) recorded = await writeJobChange(tx, { job: recorded, change: advance, now });
    }
    recorded = await applyParked(tx, { sending, providerMessageId, parked, recorded, now });
    return { job: recorded, hasMoreParts: !isComplete };
  }

  /** The acceptance stands, whatever is wrong with a status that came before it: that one stays with its job, unread. */
  async function applyParked(
    tx: Tx,
    given: {
      readonly sending: ClaimedSend;
      readonly providerMessageId: string;
      readonly parked: readonly ProviderStatus[];
      readonly recorded: Job;
      readonly now: Date;
    },
  ): Promise<Job> {
    const { sending, providerMessageId, parked, now } = given;
    if (parked.length === 0) return given.recorded;
    await tx.execute({ text: 'savepoint parked' });
    try {
      let { recorded } = given;
      for (const status of parked) {
        const word = readStatusWord(providerMessageId, status);
        recorded = await statuses.apply(tx, { job: recorded, channel: sending.channel, word, now });
      }
      return recorded;
    } catch (error) {
      if (faultLog.isOutage(error)) throw error;
      const { id: jobId, tenantId } = given.recorded;
      faultLog.report(error, { tenantId, jobId, attemptId: sending.attemptId });
      await tx.execute({ text: 'rollback to savepoint parked' });
      forgetLocked(tx);
      return given.recorded;
    }
  }

  async function refuse(
    tx: Tx,
    sending: ClaimedSend,
    job: Job,
    answer: Extract<KernelAnswer, { kind: 'refused' }>,
    now: Date,
  ): Promise<RecordedAttempt> {
    const failure = kernelFailure(answer, sending.channel.settings.errorOverrides);
    const ended = refusedCall(answer, sending.isProbe);
    const open = job.state === 'sending' ? await findOpenAttempt(tx, job.id) : null;
    // A status with our id came first, or the send was taken for lost and made again: this answer says nothing more.
    if (open?.id !== sending.attemptId) {
      await closeAttempt(tx, { ...closing(sending, answer), outcome: 'ambiguous', problem: null });
      const { change } = await channels.noteCall(tx, sending.channel, ended, now);
      return { job, hasMoreParts: false, outage: change };
    }
    const recorded = await failures.record(tx, { job, channel: sending.channel, failure, call: ended, now });
    const outcome =
      failure.class === 'ambiguous' ? 'ambiguous' : recorded.decision.next === 'fail' ? 'rejected' : 'retry';
    await closeAttempt(tx, { ...closing(sending, answer), outcome, problem: recorded.problem });
    return { job: recorded.job, hasMoreParts: false, outage: recorded.outage };
  }
}
