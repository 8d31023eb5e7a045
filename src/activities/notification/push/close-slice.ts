import { isLocalFault } from '../../../domain/failure.ts';
import type { Job } from '../../../domain/job.ts';
import type { RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import { classifyPush, type PushFailure } from '../../../domain/notification/push/push-failure.ts';
import { describeRefused, judgeSends, maxTries, type SendResult } from '../../../domain/notification/push/push-plan.ts';
import { recordPushes } from '../../../domain/notification/push/push-progress.ts';
import { pushDelayMs } from '../../../domain/notification/push/push-waits.ts';
import { lockBatchProgress } from '../../../store/batch-jobs.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import { closePushAttempts, type PushToClose, withdrawPushAttempts } from '../../../store/push-attempts.ts';
import { markPushed, postponeRecipients } from '../../../store/push-recipients.ts';
import { pruneTokens } from '../../../store/push-users.ts';
import { forgetThrottling, wholeChannel } from '../../../store/send-limits.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { RecordFailures } from '../record-failures.ts';
import { type AnsweredSend, nothingSettled, type OpenSlice, type PushRun, type Settled } from './push-slice.ts';
import type { SentSlice } from './send-slice.ts';
import type { LoggedPush, PushLog } from './push-log.ts';
import type { StopChannel } from './stop-channel.ts';

/** One answer, judged: its attempt's last word, and what it means for its recipient. */
interface JudgedSend extends LoggedPush {
  readonly refusal: PushFailure | null;
  readonly result: SendResult;
}

export interface ClosedSlice {
  readonly settled: Settled;
  /** What the answers ask of all that goes through the channel. */
  readonly stops: PushFailure['stops'];
}

/**
 * Writes down what came of a slice: attempts closed, dead tokens removed, recipients settled or put off, the channel paused
 * or blocked, and the counts, in one transaction. Running it twice is safe: only open attempts are closed, and only the
 * answers of those count.
 */
export function createCloseSlice(dependencies: {
  readonly transactions: Transactions;
  readonly stopChannel: StopChannel;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly recordFailures: RecordFailures;
  readonly log: PushLog;
  readonly random: () => number;
  readonly clock: () => Date;
}): (run: PushRun, slice: OpenSlice, sent: SentSlice) => Promise<ClosedSlice> {
  const { transactions, writeJobChange, describeFailure, recordFailures, log, random, clock } = dependencies;

  return async (run, slice, sent) => {
    const { ours, ...closed } = await transactions.withTenant(run.tenantId, (tx) => close(tx, run, slice, sent));
    // After the commit: what is rolled back and done again is told once.
    for (const judged of ours) log(run, judged);
    return closed;
  };

  async function close(tx: Tx, run: PushRun, slice: OpenSlice, sent: SentSlice) {
    const job = await lockBatchProgress(tx, run.jobId);
    if (job === null) return { settled: nothingSettled, stops: null, ours: [] };
    const now = clock();
    const withdrawn = await withdrawPushAttempts(
      tx,
      sent.unsent.map(({ attemptId }) => attemptId),
    );
    const judged = sent.answered.map((each) => judge(job, each, now));
    const closed = await closePushAttempts(tx, judged.map(toClose));
    const ours = judged.filter(({ send }) => closed.has(send.attemptId));
    await prune(tx, ours, slice.startedAt);
    const reasons = ours.flatMap(({ refusal, problem }) =>
      refusal === null || problem === null ? [] : { refusal, problem },
    );
    const stops = await dependencies.stopChannel(tx, run, reasons, now);
    const hasAccepted = ours.some(({ answer }) => answer.kind === 'accepted');
    if (hasAccepted && slice.wasThrottled) {
      await forgetThrottling(tx, { channelId: run.channel.id, recipient: wholeChannel }, now);
    }
    const unsent = new Set(sent.unsent.map(({ recipient }) => recipient.ordinal));
    const settled = await settle(tx, job, slice, { judged: ours, withdrawn, unsent }, now);
    return { settled, stops, ours };
  }

  function judge(job: Job, { send, answer }: AnsweredSend, now: Date): JudgedSend {
    if (answer.kind === 'accepted') {
      return { send, answer, outcome: 'accepted', refusal: null, problem: null, result: { outcome: 'accepted' } };
    }
    const refusal = classifyPush(answer);
    const isLastTry = refusal.stops === null && !isLocalFault(refusal.failure.code) && send.tries + 1 >= maxTries;
    const isRetried = refusal.outcome !== 'rejected' && !isLastTry;
    const delayMs = pushDelayMs(refusal.failure, send.tries, random);
    // What stops the whole channel is waited for there.
    const retryAt = isRetried && refusal.stops === null ? new Date(now.getTime() + delayMs) : null;
    const problem = describeFailure(job, refusal.failure, now, {
      attempt: send.number,
      recoverable: isRetried,
      ...(retryAt === null ? {} : { nextAttemptAt: retryAt }),
    });
    const result: SendResult = isRetried
      ? { outcome: 'retry', retryAt }
      : { outcome: 'refused', code: refusal.failure.code };
    // What would be tried again, and is not any more.
    const outcome = refusal.outcome === 'retry' && !isRetried ? 'rejected' : refusal.outcome;
    return { send, answer, outcome, refusal, problem, result };
  }

  async function prune(tx: Tx, judged: readonly JudgedSend[], sentAt: Date): Promise<void> {
    const dead = judged.filter(({ refusal }) => refusal?.isTokenDead === true);
    await pruneTokens(
      tx,
      dead.map(({ send }) => ({ ...send.recipient, token: send.token, sentAt })),
    );
  }

  async function settle(
    tx: Tx,
    job: Job,
    slice: OpenSlice,
    {
      judged,
      withdrawn,
      unsent,
    }: {
      readonly judged: readonly JudgedSend[];
      readonly withdrawn: number;
      readonly unsent: ReadonlySet<number>;
    },
    now: Date,
  ) {
    const byOrdinal = groupByRecipient(judged);
    const deliveredOrdinals: number[] = [];
    const postponed: { ordinal: number; dueAt: Date }[] = [];
    const failures: RecipientFailure[] = [];
    for (const [ordinal, sends] of byOrdinal) {
      const results = sends.map(({ result }) => result);
      const verdict = judgeSends(results, slice.refused.get(ordinal) ?? []);
      if (verdict.state === 'delivered') deliveredOrdinals.push(ordinal);
      // A device of his is still to be tried, and then all of them tell.
      else if (unsent.has(ordinal)) continue;
      else if (verdict.state === 'failed') failures.push(failRecipient(sends, verdict.refused));
      else if (verdict.dueAt !== null) postponed.push({ ordinal, dueAt: verdict.dueAt });
    }
    const delivered = await markPushed(tx, job.id, deliveredOrdinals, now);
    await postponeRecipients(tx, job.id, postponed);
    // A batch that was stopped meanwhile reports nobody any more.
    const { failed, failedMerchants } = await recordFailures(tx, job, job.terminal ? [] : failures, now);
    const problems = judged.flatMap(({ problem }) => problem ?? []);
    const progress = { attempts: -withdrawn, delivered, failed, failedMerchants, problems };
    await writeJobChange(tx, { job, change: recordPushes(job, progress, now), now });
    return { delivered, failed };
  }
}

function groupByRecipient(judged: readonly JudgedSend[]): ReadonlyMap<number, readonly JudgedSend[]> {
  const groups = new Map<number, JudgedSend[]>();
  for (const each of judged) {
    const { ordinal } = each.send.recipient;
    const known = groups.get(ordinal);
    if (known === undefined) groups.set(ordinal, [each]);
    else known.push(each);
  }
  return groups;
}

function failRecipient(sends: readonly JudgedSend[], refused: readonly string[]): RecipientFailure {
  const last = sends.at(-1);
  const { merchantId = '', userId = '', ordinal = -1 } = last?.send.recipient ?? {};
  return {
    code: 'custom_notification_not_delivered',
    subject: { merchantId, userId, reason: describeRefused(refused) },
    ordinals: [ordinal],
    provider: last?.refusal?.failure.provider ?? null,
  };
}

function toClose({ send, answer, outcome, problem }: JudgedSend): PushToClose {
  return {
    id: send.attemptId,
    outcome,
    durationMs: Math.round(answer.durationMs),
    httpStatus: answer.httpStatus,
    providerCode: answer.kind === 'accepted' ? null : (answer.provider?.code ?? null),
    problem,
    responseExcerpt: answer.responseExcerpt,
  };
}
