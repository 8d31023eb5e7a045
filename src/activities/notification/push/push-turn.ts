import type { CreateId } from '../../../domain/ids.ts';
import type { Job } from '../../../domain/job.ts';
import { type ChannelStop, interruptedPush } from '../../../domain/notification/push/push-failure.ts';
import { beginPushes, recordPushes } from '../../../domain/notification/push/push-progress.ts';
import { fcmErrorTable } from '../../../domain/problems/error-table/fcm-codes.ts';
import type { Problem } from '../../../domain/problems/problem.ts';
import { lockBatchProgress } from '../../../store/batch-jobs.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import { closePushAttempts, findLastAttemptNumber, openPushAttempts } from '../../../store/push-attempts.ts';
import { markPushed, pickPending, postponeRecipients } from '../../../store/push-recipients.ts';
import { findSendLimits, wholeChannel } from '../../../store/send-limits.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { RecordFailures } from '../record-failures.ts';
import { planSends, type SendPlan } from './plan-sends.ts';
import { nothingSettled, type OpenRecipient, type PushRun, type SentRecipient, type Settled } from './push-slice.ts';
import type { PushLog } from './push-log.ts';
import type { RecordAnswers } from './record-answers.ts';

/** Recipients whose sends have ended, to be written down, and others, by ordinal, whose sends are to be opened. */
export interface PushTurnWork {
  readonly sent: readonly SentRecipient[];
  readonly ordinals: readonly number[];
}

export interface PushTurnOutcome {
  readonly settled: Settled;
  /** Their attempts are open now. */
  readonly opened: readonly OpenRecipient[];
  /** What the answers ask of all that goes through the channel. */
  readonly stops: ChannelStop | null;
  /** Until then what is open may be sent; null = nothing may, because the batch has ended or its channel may not be used now. */
  readonly sendUntil: Date | null;
}

/**
 * One transaction of a page, under the job's lock: writes down what was answered, opens an attempt for each push that will be
 * sent next, and looks whether the batch still runs. So a batch that was cancelled opens none. Running it twice is safe: see
 * `recordAnswers` and `planSends`.
 */
export interface PushTurn {
  (run: PushRun, work: PushTurnWork): Promise<PushTurnOutcome>;
}

const nothingDone: PushTurnOutcome = { settled: nothingSettled, opened: [], stops: null, sendUntil: null };
const nothingPlanned: SendPlan = { recipients: [], failures: [], delivered: [], postponed: [], interrupted: [] };

export function createPushTurn(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'find'>;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly recordFailures: RecordFailures;
  readonly recordAnswers: RecordAnswers;
  readonly log: PushLog;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): PushTurn {
  const { transactions, channels, writeJobChange, recordFailures, recordAnswers, createId, clock } = dependencies;

  return async (run, work) => {
    const { closed, ...outcome } = await transactions.withTenant(run.tenantId, (tx) => take(tx, run, work));
    // After the commit: what is rolled back and done again is told once.
    for (const push of closed) dependencies.log(run, push);
    return outcome;
  };

  async function take(tx: Tx, run: PushRun, { sent, ordinals }: PushTurnWork) {
    // One behind the other on the wire, and waited for together: while the row is locked, every wait is everybody's.
    const [job, channel, limits, recipients, last] = await Promise.all([
      lockBatchProgress(tx, run.jobId),
      channels.find(tx, run.channel.id),
      findSendLimits(tx, { channelId: run.channel.id, recipient: wholeChannel }),
      ordinals.length === 0 ? [] : pickPending(tx, run.jobId, ordinals),
      // Not the job's count: what was taken back is not counted, and leaves gaps in the numbers.
      ordinals.length === 0 ? 0 : findLastAttemptNumber(tx, run.jobId),
    ]);
    if (job === null) return { ...nothingDone, closed: [] };
    const now = clock();
    const recorded = await recordAnswers(tx, run, job, sent, now);
    const { blockedUntil, throttledInARow } = limits.channel;
    const isUsable = channel?.state === 'active' && (blockedUntil === null || blockedUntil <= now);
    const maySend = isUsable && recorded.stops === null && job.state === 'running' && job.expiresAt > now;
    const plan = maySend ? await planSends(tx, run, job, recipients, now) : nothingPlanned;
    const opened = open(plan, { last, startedAt: now, wasThrottled: throttledInARow > 0 });

    await postponeRecipients(tx, job.id, [...recorded.postponed, ...plan.postponed]);
    const delivered = await markPushed(tx, job.id, [...recorded.delivered, ...plan.delivered], now);
    // A batch that was stopped meanwhile reports nobody any more.
    const failures = job.terminal ? [] : [...recorded.failures, ...plan.failures];
    const { failed, failedMerchants } = await recordFailures(tx, job, failures, now);
    const interrupted = await closeInterrupted(tx, job, plan, now);
    const begun = await writeAttempts(tx, run, opened, now);
    const settled = { delivered, failed };
    const attempts = begun - recorded.withdrawn;
    const problems = [...recorded.problems, ...interrupted];
    if (sent.length > 0 || begun + delivered + failed + problems.length > 0) {
      const progress = { ...settled, attempts, failedMerchants, problems };
      const change = begun > 0 ? beginPushes(job, run.channel.id, progress, now) : recordPushes(job, progress, now);
      await writeJobChange(tx, { job, change, now });
    }
    const sendUntil = maySend ? job.expiresAt : null;
    return { settled, opened, stops: recorded.stops, sendUntil, closed: recorded.closed };
  }

  function open(
    plan: SendPlan,
    more: { readonly last: number; readonly startedAt: Date; readonly wasThrottled: boolean },
  ): readonly OpenRecipient[] {
    let number = more.last;
    return plan.recipients.map(({ ordinal, refused, sends }) => ({
      ordinal,
      refused,
      startedAt: more.startedAt,
      wasThrottled: more.wasThrottled,
      sends: sends.map((send) => ({ ...send, attemptId: createId('attempt'), number: (number += 1) })),
    }));
  }

  /** Returns how many there are. */
  async function writeAttempts(tx: Tx, run: PushRun, opened: readonly OpenRecipient[], now: Date): Promise<number> {
    const { tenantId, jobId, url } = run;
    const sends = opened.flatMap((each) => each.sends);
    await openPushAttempts(
      tx,
      { tenantId, jobId, target: url, startedAt: now, errorTableVersion: fcmErrorTable.version },
      sends.map(({ attemptId, number, recipient, deviceKey, mayRepeat }) => ({
        id: attemptId,
        number,
        ordinal: recipient.ordinal,
        recipient: `${recipient.merchantId}/${recipient.userId}`,
        deviceKey,
        mayRepeat,
      })),
    );
    return sends.length;
  }

  async function closeInterrupted(tx: Tx, job: Job, plan: SendPlan, now: Date): Promise<readonly Problem[]> {
    if (plan.interrupted.length === 0) return [];
    const problem = dependencies.describeFailure(job, interruptedPush, now, { recoverable: true });
    const unknown = { durationMs: null, httpStatus: null, providerCode: null, responseExcerpt: null };
    const attempts = plan.interrupted.map(({ id }) => ({ ...unknown, id, outcome: 'ambiguous' as const, problem }));
    await closePushAttempts(tx, attempts);
    return [problem];
  }
}
