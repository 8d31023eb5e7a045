import { isLocalFault } from '../../../domain/failure.ts';
import type { Job } from '../../../domain/job.ts';
import type { RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import { type ChannelStop, classifyPush, type PushFailure } from '../../../domain/notification/push/push-failure.ts';
import { describeRefused, judgeSends, maxTries, type SendResult } from '../../../domain/notification/push/push-plan.ts';
import { pushDelayMs } from '../../../domain/notification/push/push-waits.ts';
import type { Problem } from '../../../domain/problems/problem.ts';
import { closePushAttempts, type PushToClose, withdrawPushAttempts } from '../../../store/push-attempts.ts';
import { pruneTokens } from '../../../store/push-users.ts';
import { forgetThrottling, wholeChannel } from '../../../store/send-limits.ts';
import type { Tx } from '../../../store/transactions.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { AnsweredSend, OpenRecipient, PushRun, SentRecipient } from './push-slice.ts';
import type { LoggedPush } from './push-log.ts';
import type { StopChannel } from './stop-channel.ts';

/** One answer, judged: its attempt's last word, and what it means for its recipient. */
interface JudgedSend extends LoggedPush {
  readonly refusal: PushFailure | null;
  readonly result: SendResult;
  /** When its device is tried again where nothing stops the channel; null = it is not. */
  readonly aloneUntil: Date | null;
}

/** What answers come to; who they are about is still to be written. */
export interface RecordedAnswers {
  readonly delivered: readonly number[];
  readonly postponed: readonly { readonly ordinal: number; readonly dueAt: Date }[];
  readonly failures: readonly RecipientFailure[];
  readonly problems: readonly Problem[];
  /** Attempts that were taken back. */
  readonly withdrawn: number;
  /** What the answers ask of all that goes through the channel. */
  readonly stops: ChannelStop | null;
  /** Those whose attempts this call closed. */
  readonly closed: readonly LoggedPush[];
}

export interface RecordAnswers {
  (tx: Tx, run: PushRun, job: Job, sent: readonly SentRecipient[], now: Date): Promise<RecordedAnswers>;
}

/**
 * Writes down what came of sends: attempts closed, dead tokens removed, the channel paused or blocked. The caller holds the
 * job's lock. Running it twice is safe: only open attempts are closed, and only the answers of those count.
 */
export function createRecordAnswers(dependencies: {
  readonly stopChannel: StopChannel;
  readonly describeFailure: DescribeFailure;
  readonly random: () => number;
}): RecordAnswers {
  const { describeFailure, random } = dependencies;

  return async (tx, run, job, sent, now) => {
    const unsentIds = sent.flatMap(({ unsent }) => unsent.map(({ attemptId }) => attemptId));
    const withdrawn = await withdrawPushAttempts(tx, unsentIds);
    const judged = sent.map(({ opened, answered, unsent }) => ({
      opened,
      isLeftOver: unsent.length > 0,
      sends: answered.map((each) => judge(job, each, now)),
    }));
    const closedIds = await closePushAttempts(
      tx,
      judged.flatMap(({ sends }) => sends.map(toClose)),
    );
    const ours = judged.map((each) => ({
      ...each,
      sends: each.sends.filter(({ send }) => closedIds.has(send.attemptId)),
    }));
    await prune(tx, ours);
    const closed = ours.flatMap(({ sends }) => sends);
    const reasons = closed.flatMap(({ refusal, problem }) =>
      refusal === null || problem === null ? [] : { refusal, problem },
    );
    const stops = await dependencies.stopChannel(tx, run, reasons, now);
    // Where the channel goes on, whoever was told to wait waits alone.
    const judgedAlone = stops === null ? ours.map((each) => ({ ...each, sends: each.sends.map(waitAlone) })) : ours;
    if (ours.some(endsThrottling)) {
      await forgetThrottling(tx, { channelId: run.channel.id, recipient: wholeChannel }, now);
    }
    return {
      ...settle(judgedAlone),
      problems: closed.flatMap(({ problem }) => problem ?? []),
      withdrawn,
      stops,
      closed,
    };
  };

  function judge(job: Job, { send, answer }: AnsweredSend, now: Date): JudgedSend {
    if (answer.kind === 'accepted') {
      return {
        send,
        answer,
        outcome: 'accepted',
        refusal: null,
        problem: null,
        result: { outcome: 'accepted' },
        aloneUntil: null,
      };
    }
    const refusal = classifyPush(answer);
    const isLastTry = refusal.stops === null && !isLocalFault(refusal.failure.code) && send.tries + 1 >= maxTries;
    const isRetried = refusal.outcome !== 'rejected' && !isLastTry;
    const delayMs = pushDelayMs(refusal.failure, send.tries, random);
    // What stops the whole channel is waited for there.
    const aloneUntil = isRetried ? new Date(now.getTime() + delayMs) : null;
    const retryAt = refusal.stops === null ? aloneUntil : null;
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
    return { send, answer, outcome, refusal, problem, result, aloneUntil };
  }
}

function waitAlone(judged: JudgedSend): JudgedSend {
  const { result, aloneUntil } = judged;
  if (result.outcome !== 'retry' || result.retryAt !== null) return judged;
  return { ...judged, result: { outcome: 'retry', retryAt: aloneUntil } };
}

interface JudgedRecipient {
  readonly opened: OpenRecipient;
  /** A device of his is still to be tried, and then all of them tell. */
  readonly isLeftOver: boolean;
  readonly sends: readonly JudgedSend[];
}

async function prune(tx: Tx, judged: readonly JudgedRecipient[]): Promise<void> {
  const dead = judged.flatMap(({ opened, sends }) =>
    sends
      .filter(({ refusal }) => refusal?.isTokenDead === true)
      .map(({ send }) => ({ ...send.recipient, token: send.token, sentAt: opened.startedAt })),
  );
  await pruneTokens(tx, dead);
}

function endsThrottling({ opened, sends }: JudgedRecipient): boolean {
  return opened.wasThrottled && sends.some(({ answer }) => answer.kind === 'accepted');
}

function settle(judged: readonly JudgedRecipient[]) {
  const delivered: number[] = [];
  const postponed: { ordinal: number; dueAt: Date }[] = [];
  const failures: RecipientFailure[] = [];
  for (const { opened, isLeftOver, sends } of judged) {
    if (sends.length === 0) continue;
    const { ordinal, refused } = opened;
    const results = sends.map(({ result }) => result);
    const verdict = judgeSends(results, refused);
    if (verdict.state === 'delivered') delivered.push(ordinal);
    else if (isLeftOver) continue;
    else if (verdict.state === 'failed') failures.push(failRecipient(sends, verdict.refused));
    else if (verdict.dueAt !== null) postponed.push({ ordinal, dueAt: verdict.dueAt });
  }
  return { delivered, postponed, failures };
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
