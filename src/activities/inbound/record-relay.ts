import { describeGivingUp } from '../../domain/message/ending-failures.ts';
import { toSentence } from '../../domain/wording.ts';
import { groupOf } from '../../domain/bot-address.ts';
import { botCall, type CircuitBreaker, type EndedCall, readOutage } from '../../domain/circuit-breaker.ts';
import { type BotActivity, type BotReply, readBotReply } from '../../domain/inbound/bot-reply.ts';
import { planRetry, recordBotFailure, recordRelayed } from '../../domain/inbound/outcome.ts';
import { readExpiration, withoutServiceUrl } from '../../domain/message/bot-activity.ts';
import type { Failure, HttpOutcome } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { closeAttempt } from '../../store/attempts.ts';
import type { OutageChange } from '../../store/channel-outages.ts';
import type { ChannelStore } from '../../store/channels.ts';
import type { DescribeFailure } from '../../store/describe-failure.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { lockJob } from '../../store/jobs.ts';
import type { MessageAcceptance } from '../../store/message-acceptance.ts';
import { findConversation } from '../../store/people.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import { excerptResponse } from '../../upstreams/guarded-http/response-excerpt.ts';
import type { ClaimedRelay } from './claim-relay.ts';

type Posted = Extract<ClaimedRelay, { kind: 'post' }>;

export interface RecordedRelay {
  readonly job: Job;
  /** How many replies of the bot were accepted with it. */
  readonly replies: number;
  /** Null = the bot did not take the message; else whether it says that it writes. */
  readonly isTyping: boolean | null;
  /** What the call changed for all messages to its bot; null = nothing. */
  readonly outage: OutageChange | null;
}

/**
 * One transaction: close the attempt, and either accept the bot's replies as messages, in their order and as one group, or
 * write down its failure. An attempt is closed once, so running it again accepts nothing twice; where another process has
 * taken the message over meanwhile, that one's answer counts.
 */
export function createRecordRelay(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'noteCall'>;
  readonly writeJobChange: WriteJobChange;
  readonly acceptance: MessageAcceptance;
  readonly describeFailure: DescribeFailure;
  readonly random: () => number;
  readonly clock: () => Date;
}) {
  const { transactions, channels, writeJobChange, acceptance, describeFailure, random, clock } = dependencies;

  return async function recordRelay(posted: Posted, outcome: HttpOutcome): Promise<RecordedRelay> {
    const reply = readBotReply(outcome);
    return transactions.withTenant(posted.job.tenantId, async (tx) => {
      const locked = await lockJob(tx, posted.job.id);
      if (locked === null) throw new Error('a job vanished while it was relayed');
      // An answer came and is being recorded: what went wrong in a row before it is over.
      const job = { ...locked, internalFaults: 0, interruptions: 0 };
      const now = clock();
      const call = botCall(outcome, posted.isProbe);
      const { breaker, change } = await channels.noteCall(tx, posted.channel, call, now);
      const recorded =
        reply.kind === 'replied'
          ? await accept(tx, posted, outcome, job, reply, now)
          : await fail(tx, { posted, outcome, job, failure: reply.failure, call, breaker, now });
      return { ...recorded, isTyping: reply.kind === 'replied' ? reply.isTyping : null, outage: change };
    });
  };

  async function accept(
    tx: Tx,
    posted: Posted,
    outcome: HttpOutcome,
    job: Job,
    reply: Extract<BotReply, { kind: 'replied' }>,
    now: Date,
  ): Promise<Omit<RecordedRelay, 'outage' | 'isTyping'>> {
    const isOurs = await closeAttempt(tx, { ...closing(posted, outcome), outcome: 'accepted', problem: null });
    if (!isOurs || job.terminal) return { job, replies: 0 };
    // Meanwhile the user may have turned out to be somebody whom we know.
    const line = { channelId: posted.channel.id, conversationId: job.conversationId };
    const known = reply.messages.length === 0 ? { ...line, movedTo: null } : await findConversation(tx, line);
    const groupId = groupOf(job.conversationId ?? '', posted.channel.id);
    const user = { conversationId: known.conversationId, to: groupId ?? known.movedTo ?? job.to ?? '' };
    for (const activity of reply.messages)
      await acceptReply(tx, posted, { job, user, isGroup: groupId !== null, activity, now });
    const counts = { replies: reply.messages.length, ignored: reply.ignored };
    return { job: await writeJobChange(tx, { job, change: recordRelayed(counts, now), now }), replies: counts.replies };
  }

  function acceptReply(
    tx: Tx,
    { channel }: Posted,
    given: {
      readonly job: Job;
      readonly user: { readonly to: string; readonly conversationId: string | null };
      readonly isGroup: boolean;
      readonly activity: BotActivity;
      readonly now: Date;
    },
  ) {
    const { job, user, isGroup, activity, now } = given;
    return acceptance.store(tx, {
      channel,
      message: {
        ...user,
        groupId: job.id,
        externalId: null,
        sendAt: null,
        expiresAt: readExpiration(activity, now),
        metadata: {},
        request: { activity: withoutServiceUrl(activity), ...(isGroup && { recipientType: 'group' as const }) },
        origin: 'bot',
        requestId: job.requestId,
      },
      now,
    });
  }

  async function fail(
    tx: Tx,
    given: {
      readonly posted: Posted;
      readonly outcome: HttpOutcome;
      readonly job: Job;
      readonly failure: Failure;
      readonly call: EndedCall;
      readonly breaker: CircuitBreaker;
      readonly now: Date;
    },
  ): Promise<Omit<RecordedRelay, 'outage' | 'isTyping'>> {
    const { posted, outcome, job, failure, call, breaker, now } = given;
    const { numRetries, countOutages } = posted.channel.settings;
    const outage = readOutage(call.result, breaker, countOutages);
    const plan = planRetry({ job, failure, outage, limits: posted.channel.settings, now, random });
    const recoverable = plan !== null;
    const gaveUp = plan === null && failure.class === 'transient';
    const told = gaveUp
      ? { ...failure, detail: `${toSentence(describeGivingUp(job, now))} ${failure.detail}` }
      : failure;
    const problem = describeFailure({ job, failure: told, now, nextAttemptAt: plan?.until ?? null, recoverable });
    const attemptOutcome = recoverable ? 'retry' : 'rejected';
    const isOurs = await closeAttempt(tx, { ...closing(posted, outcome), outcome: attemptOutcome, problem });
    if (!isOurs || job.terminal) return { job, replies: 0 };
    const change = recordBotFailure({ job, problem, plan, now, numRetries });
    return { job: await writeJobChange(tx, { job, change, now }), replies: 0 };
  }
}

function closing(posted: Posted, outcome: HttpOutcome) {
  return {
    id: posted.attemptId,
    durationMs: Math.round(outcome.durationMs),
    httpStatus: outcome.answered ? outcome.status : null,
    providerCode: null,
    responseExcerpt: outcome.answered ? excerptResponse(outcome.body, posted.secrets) : null,
  };
}
