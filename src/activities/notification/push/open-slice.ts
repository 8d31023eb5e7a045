import type { CreateId } from '../../../domain/ids.ts';
import type { Job } from '../../../domain/job.ts';
import type { RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import { interruptedPush } from '../../../domain/notification/push/push-failure.ts';
import { judgePushUser, type PushUser } from '../../../domain/notification/push/push-message.ts';
import { describeRefused, type PastSend, planPush } from '../../../domain/notification/push/push-plan.ts';
import { beginPushes, recordPushes } from '../../../domain/notification/push/push-progress.ts';
import { fcmErrorTable } from '../../../domain/problems/error-table/fcm-codes.ts';
import { type BatchRecipient, userKey } from '../../../domain/notification/request.ts';
import { lockBatchProgress } from '../../../store/batch-jobs.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import {
  closePushAttempts,
  findLastAttemptNumber,
  listPastSends,
  openPushAttempts,
} from '../../../store/push-attempts.ts';
import { markPushed, pickPending, postponeRecipients, type PushRecipient } from '../../../store/push-recipients.ts';
import { findPushUsers } from '../../../store/push-users.ts';
import { findSendLimits, wholeChannel } from '../../../store/send-limits.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { RecordFailures } from '../record-failures.ts';
import { deviceKey, type OpenSend, type OpenSlice, type PushRun, type Settled } from './push-slice.ts';

/** What was decided for the recipients of a slice before anything is sent. */
interface Plan {
  readonly sends: Omit<OpenSend, 'attemptId' | 'number'>[];
  readonly refused: Map<number, readonly string[]>;
  readonly failures: RecipientFailure[];
  readonly delivered: number[];
  readonly postponed: { readonly ordinal: number; readonly dueAt: Date }[];
  /** Attempts that nobody closed: their sends may have gone out. */
  readonly interrupted: PastSend[];
}

/** `stopped` = the batch has ended, or its channel may not be used now. */
export type OpenedSlice =
  | { readonly next: 'stopped' }
  | { readonly next: 'send'; readonly slice: OpenSlice; readonly settled: Settled };

/**
 * Judges the recipients of a slice as they and their devices are now, and writes an open attempt for each push that will be
 * sent. Under the job's lock, so that a batch that was cancelled opens none. Whoever was sent to before is told by the
 * attempts: one that was taken settles its recipient, one left open makes the next a possible duplicate.
 */
export function createOpenSlice(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'find'>;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly recordFailures: RecordFailures;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): (run: PushRun, ordinals: readonly number[]) => Promise<OpenedSlice> {
  const { transactions, channels, writeJobChange, describeFailure, recordFailures, createId, clock } = dependencies;

  return (run, ordinals) => transactions.withTenant(run.tenantId, (tx) => open(tx, run, ordinals));

  async function open(tx: Tx, run: PushRun, ordinals: readonly number[]): Promise<OpenedSlice> {
    // One behind the other on the wire, and waited for together: while the row is locked, every wait is everybody's.
    const [job, channel, limits, recipients, last] = await Promise.all([
      lockBatchProgress(tx, run.jobId),
      channels.find(tx, run.channel.id),
      findSendLimits(tx, { channelId: run.channel.id, recipient: wholeChannel }),
      pickPending(tx, run.jobId, ordinals),
      // Not the job's count: what was taken back is not counted, and leaves gaps in the numbers.
      findLastAttemptNumber(tx, run.jobId),
    ]);
    const now = clock();
    if (job === null || job.state !== 'running' || job.expiresAt <= now) return { next: 'stopped' };
    const limit = limits.channel;
    if (channel?.state !== 'active' || (limit.blockedUntil ?? now) > now) return { next: 'stopped' };
    const plan = await decide(tx, run, job, recipients, now);
    const sends = plan.sends.map((send, index) => ({
      ...send,
      attemptId: createId('attempt'),
      number: last + index + 1,
    }));
    await closeInterrupted(tx, job, plan.interrupted, now);
    await postponeRecipients(tx, job.id, plan.postponed);
    const delivered = await markPushed(tx, job.id, plan.delivered, now);
    const { failed, failedMerchants } = await recordFailures(tx, job, plan.failures, now);
    const opening = openPushAttempts(
      tx,
      {
        tenantId: job.tenantId,
        jobId: job.id,
        target: run.url,
        startedAt: now,
        errorTableVersion: fcmErrorTable.version,
      },
      sends.map(({ attemptId, number, recipient, deviceKey: key, mayRepeat }) => ({
        id: attemptId,
        number,
        ordinal: recipient.ordinal,
        recipient: `${recipient.merchantId}/${recipient.userId}`,
        deviceKey: key,
        mayRepeat,
      })),
    );
    const progress = { attempts: sends.length, delivered, failed, failedMerchants, problems: [] };
    const change = beginPushes(job, run.channel.id, progress, now);
    await Promise.all([opening, writeJobChange(tx, { job, change, now })]);
    const slice = { sends, startedAt: now, refused: plan.refused, wasThrottled: limit.throttledInARow > 0 };
    return { next: 'send', slice, settled: { delivered, failed } };
  }

  async function decide(
    tx: Tx,
    run: PushRun,
    job: Job,
    recipients: readonly PushRecipient[],
    now: Date,
  ): Promise<Plan> {
    const users = run.devices ?? new Map((await findPushUsers(tx, recipients)).map((user) => [userKey(user), user]));
    const tried = recipients.filter(({ pushTries }) => pushTries > 0).map(({ ordinal }) => ordinal);
    const past = await listPastSends(tx, job.id, tried);
    const plan: Plan = { sends: [], refused: new Map(), failures: [], delivered: [], postponed: [], interrupted: [] };
    for (const recipient of recipients) {
      const ofRecipient = past.filter(({ ordinal }) => ordinal === recipient.ordinal);
      decideOne(plan, { run, job, recipient, user: users.get(userKey(recipient)), past: ofRecipient, now });
    }
    return plan;
  }

  async function closeInterrupted(tx: Tx, job: Job, interrupted: readonly PastSend[], now: Date): Promise<void> {
    if (interrupted.length === 0) return;
    const problem = describeFailure(job, interruptedPush, now, { recoverable: true });
    await writeJobChange(tx, { job, change: { ...noProgress(job, now), problems: [problem] }, now });
    await closePushAttempts(
      tx,
      interrupted.map(({ id }) => ({
        id,
        outcome: 'ambiguous',
        durationMs: null,
        httpStatus: null,
        providerCode: null,
        problem,
        responseExcerpt: null,
      })),
    );
  }
}

function noProgress(job: Job, now: Date) {
  const { failedMerchants = 0 } = job.counts ?? {};
  return recordPushes(job, { attempts: 0, delivered: 0, failed: 0, failedMerchants, problems: [] }, now);
}

function decideOne(
  plan: Plan,
  input: {
    readonly run: PushRun;
    readonly job: Job;
    readonly recipient: BatchRecipient;
    readonly user: PushUser | undefined;
    readonly past: readonly PastSend[];
    readonly now: Date;
  },
): void {
  const { run, job, recipient, user, past, now } = input;
  const { merchantId, userId, ordinal } = recipient;
  const fail = (code: RecipientFailure['code'], reason?: string): void => {
    const subject = { merchantId, userId, ...(reason === undefined ? {} : { reason }) };
    plan.failures.push({ code, subject, ordinals: [ordinal] });
  };
  const devices = (user?.tokens ?? []).map((token) => ({ token, deviceKey: deviceKey(token) }));
  const next = planPush({ devices, past, runStartedAt: job.queuedAt, now });
  if (next.next === 'delivered') return void plan.delivered.push(ordinal);
  if (next.next === 'wait') return void plan.postponed.push({ ordinal, dueAt: next.until });
  plan.interrupted.push(...past.filter(({ outcome }) => outcome === null));
  if (user === undefined) return fail('no_active_user_for_merchant');
  const verdict = judgePushUser(user, run);
  const refused = next.next === 'failed' ? listRefused(next.refused, past, job.queuedAt) : [];
  if (refused.length > 0) return fail('custom_notification_not_delivered', describeRefused(refused));
  if (!verdict.ok) return fail(verdict.code, verdict.reason);
  if (next.next === 'failed') return fail('push_notifications_disabled');
  plan.refused.set(ordinal, next.refused);
  plan.sends.push(...next.sends.map((send) => ({ ...send, recipient, text: verdict.text })));
}

/**
 * Why no device of a recipient is left. A token that the push service refused may be gone by now, and that is no choice of
 * the user's; where all it said was "later", it is.
 */
function listRefused(refused: readonly string[], past: readonly PastSend[], runStartedAt: Date): readonly string[] {
  if (refused.length > 0) return refused;
  return past
    .filter(({ startedAt, outcome }) => startedAt >= runStartedAt && outcome !== 'retry')
    .map(({ code }) => code ?? 'outcome_unknown');
}
