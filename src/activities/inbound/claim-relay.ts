import type { CreateId } from '../../domain/ids.ts';
import { admitCall } from '../../domain/circuit-breaker.ts';
import { holdForOutage } from '../../domain/hold-for-destination.ts';
import { buildInboundActivity, readRequest } from '../../domain/inbound/build-activity.ts';
import { claimInbound } from '../../domain/inbound/claim-inbound.ts';
import { expireInbound, recordBotFailure, recordRelayed } from '../../domain/inbound/outcome.ts';
import { readReference, readSubject } from '../../domain/inbound/read-content.ts';
import { serviceUrlOf } from '../../domain/bot-address.ts';
import { type Job, noChange } from '../../domain/job.ts';
import { comesEarly, nameWaiter, type WorkflowRun } from '../../domain/message/claim.ts';
import { expiredFailure } from '../../domain/message/ending-failures.ts';
import { afterWait } from '../../domain/message/outcome.ts';
import { countInterruption, interruptedFailure } from '../../domain/message/interruption.ts';
import { closeAttempt, findOpenAttempt, openAttempt } from '../../store/attempts.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import { findTurn, lineOf } from '../../store/conversation-lines.ts';
import type { DescribeFailure } from '../../store/describe-failure.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { findInbound, lockJob } from '../../store/jobs.ts';
import { findJobOfPart } from '../../store/message-parts.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { FaultLog } from '../../temporal/failures.ts';
import { wasOutageSince } from '../was-outage.ts';
import type { EnterDestination, Leave } from '../delivery/claimed-attempt.ts';

/** What a claim came to: an activity to post, or what the job now looks like. */
export type ClaimedRelay =
  | {
      readonly kind: 'post';
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly attemptId: string;
      readonly botUrl: string;
      readonly body: string;
      /** What the activity tells the bot and nobody else: it is kept out of what is recorded of the answer. */
      readonly secrets: readonly string[];
      /** The bot is away, and this call asks whether it still is. */
      readonly isProbe: boolean;
      readonly leave: Leave;
    }
  | { readonly kind: 'settled'; readonly job: Job }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'missing' };

const unanswered = { durationMs: null, httpStatus: null, providerCode: null, problem: null, responseExcerpt: null };

/**
 * One transaction: lock the job, judge it, open an attempt. Of several callers one gets the message. Running it again after
 * a crash closes the attempt that was left open and makes another one: the activity's id is the same.
 */
export function createClaimRelay(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly createId: CreateId;
  readonly faultLog: Pick<FaultLog, 'sawOutageSince'>;
  readonly publicUrl: string;
  readonly clock: () => Date;
}) {
  const { transactions, channels, writeJobChange, describeFailure, createId, faultLog, publicUrl, clock } =
    dependencies;

  return async function claimRelay(input: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly run: WorkflowRun;
    readonly enter: EnterDestination;
  }): Promise<ClaimedRelay> {
    let leave: Leave | null = null;
    try {
      const claimed = await transactions.withTenant<ClaimedRelay>(input.tenantId, async (tx) => {
        const job = await lockJob(tx, input.jobId);
        const channel = job?.channelId ? await channels.findWhatsapp(tx, job.channelId) : null;
        if (job === null || channel === null) return { kind: 'missing' };
        leave = input.enter(channel.id);
        if (leave === null) return { kind: 'crowded' };
        const { run } = input;
        const isReset = job.awaitedBy !== null && job.awaitedBy === nameWaiter(run);
        const isAtTemporal = job.awaitedBy !== null && run.activityId !== null;
        // Whatever is written of it now, nobody waits for it at Temporal any more.
        return claim(tx, { job: { ...job, awaitedBy: null }, channel, run, leave, isReset, isAtTemporal });
      });
      if (claimed.kind !== 'post') giveBack(leave);
      return claimed;
    } catch (error) {
      giveBack(leave);
      throw error;
    }
  };

  async function claim(
    tx: Tx,
    ready: {
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly run: WorkflowRun;
      readonly leave: Leave;
      readonly isReset: boolean;
      readonly isAtTemporal: boolean;
    },
  ): Promise<ClaimedRelay> {
    const { job, channel, run, leave, isReset, isAtTemporal } = ready;
    const now = clock();
    const line = job.state === 'relaying' ? null : lineOf(job);
    const turn = line === null ? 'free' : await findTurn(tx, { line, jobId: job.id });
    const attempt = job.state === 'relaying' ? await findOpenAttempt(tx, job.id) : null;
    const open = attempt === null ? null : { ...attempt, isOfThisRun: job.workflowRunId === run.runId };
    const verdict = claimInbound({ job, now, turn, open, run, isReset });
    const settle = async (change: Parameters<WriteJobChange>[1]['change']): Promise<ClaimedRelay> => ({
      kind: 'settled',
      job: await writeJobChange(tx, { job, change, now }),
    });
    switch (verdict.kind) {
      case 'done':
        return job.wakeAt === null ? { kind: 'settled', job } : settle({ ...noChange, set: { wakeAt: null } });
      // It is not its time, or another run goes on with it: the sweep looks again then.
      case 'wait':
      case 'busy': {
        const wakeAt = verdict.kind === 'busy' ? verdict.until : afterWait(job, verdict.until);
        const isKnown = job.wakeAt !== null && job.wakeAt >= wakeAt;
        return isKnown ? { kind: 'settled', job } : settle({ ...noChange, set: { wakeAt } });
      }
      case 'hold':
        return settle(verdict.change);
      case 'expired': {
        const failure = expiredFailure(job, null);
        const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
        return settle(expireInbound(job, problem, now, channel.settings.numRetries));
      }
      case 'go': {
        const { botUrl } = channel.settings;
        // The channel has lost its bot meanwhile: there is nobody to relay to.
        if (botUrl === null) return settle(recordRelayed({ replies: 0, ignored: 0 }, now));
        // Left by a process that died in it: what the bot did with it nobody knows.
        if (open !== null) await closeAttempt(tx, { ...unanswered, id: open.id, outcome: 'ambiguous' });
        const counted =
          open === null ? job : countInterruption(job, await wasOutageSince(tx, open.startedAt, faultLog));
        if (counted.retriesUsed > channel.settings.numRetries) return giveUp(tx, counted, channel, now);
        const isForced = isReset && comesEarly(job, now);
        const admission = admitCall(channel.breakers.bot, now, isForced);
        const isProbe = admission === 'probe';
        if (admission === 'wait' || (isProbe && !(await channels.takeProbe(tx, channel, 'bot', now, isForced)))) {
          const change = holdForOutage(counted, now, isAtTemporal);
          return { kind: 'settled', job: await writeJobChange(tx, { job: counted, change, now }) };
        }
        return post(tx, { job: counted, channel, change: verdict.change, botUrl, isProbe, leave, now });
      }
    }
  }

  /** Its process has died in every call: what the bot did with it nobody knows. */
  async function giveUp(tx: Tx, job: Job, channel: WhatsappChannel, now: Date): Promise<ClaimedRelay> {
    const failure = { ...interruptedFailure, source: 'bot' as const };
    const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
    const { numRetries } = channel.settings;
    const change = recordBotFailure({ job, problem, plan: null, now, numRetries });
    return { kind: 'settled', job: await writeJobChange(tx, { job, change, now }) };
  }

  async function post(
    tx: Tx,
    ready: {
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly change: Parameters<WriteJobChange>[1]['change'];
      readonly botUrl: string;
      readonly isProbe: boolean;
      readonly leave: Leave;
      readonly now: Date;
    },
  ): Promise<ClaimedRelay> {
    const { job, channel, change, botUrl, isProbe, leave, now } = ready;
    const { capability } = channels.openSecrets(channel);
    const activity = buildInboundActivity({
      job,
      phoneNumberId: channel.settings.phoneNumberId,
      channelId: channel.id,
      serviceUrl: serviceUrlOf(publicUrl, channel.id, capability),
      repliedTo: await findRepliedTo(tx, job),
      subject: await findSubject(tx, job),
    });
    const attemptId = createId('attempt');
    const [relaying] = await Promise.all([
      writeJobChange(tx, { job, change, now }),
      openAttempt(tx, {
        id: attemptId,
        tenantId: job.tenantId,
        jobId: job.id,
        number: job.attempts + 1,
        part: 0,
        isUpload: false,
        target: withoutQuery(botUrl),
        startedAt: now,
        errorTableVersion: null,
      }),
    ]);
    const body = JSON.stringify(activity);
    return { kind: 'post', job: relaying, channel, attemptId, botUrl, body, secrets: [capability], isProbe, leave };
  }

  /** What the bot knows the message by which this one changes or takes back. */
  async function findSubject(tx: Tx, job: Job): Promise<string | null> {
    const subject = readSubject(readRequest(job.request).item);
    if (subject === '' || job.channelId === null) return null;
    return (await findInbound(tx, { channelId: job.channelId, providerMessageId: subject })) ?? subject;
  }

  /** One of our jobs where the user quotes, or reacts to, what we sent. */
  async function findRepliedTo(tx: Tx, job: Job): Promise<string | null> {
    const reference = readReference(readRequest(job.request).item);
    return reference === '' ? null : ((await findJobOfPart(tx, reference)) ?? reference);
  }
}

/** A query may hold a secret of the bot's. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? url;
}

function giveBack(leave: Leave | null): void {
  leave?.(false);
}
