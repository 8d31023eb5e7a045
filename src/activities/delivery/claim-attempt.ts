import type { WhatsappSecrets } from '../../domain/channel.ts';
import type { CreateId } from '../../domain/ids.ts';
import { applyUpdate, endingAt, type Job, noChange } from '../../domain/job.ts';
import { claimMessage, startAttempt } from '../../domain/message/claim.ts';
import { wakeGraceMs } from '../../domain/message/outcome.ts';
import { interruptedFailure, isInterruption } from '../../domain/message/interruption.ts';
import type { MessageRequest } from '../../domain/message/request.ts';
import { errorTable } from '../../domain/problems/error-table.ts';
import { renderMessage } from '../../domain/rendering/render-message.ts';
import { closeAttempt, findOpenAttempt, openAttempt } from '../../store/attempts.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { lockJob } from '../../store/jobs.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import { listParts } from '../../store/message-parts.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';

/** What a claim came to: something to send, or what the job now looks like. */
export type ClaimedAttempt =
  | {
      readonly kind: 'send';
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly secrets: WhatsappSecrets;
      readonly attemptId: string;
      readonly part: number;
      readonly payload: Readonly<Record<string, unknown>>;
      readonly leave: (isReached: boolean) => void;
    }
  | { readonly kind: 'settled'; readonly job: Job; readonly notice: Job | null }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'missing' };

/** Asks for room at a destination; null = there is none now. The returned function gives the room back. */
export type EnterDestination = (channelId: string) => ((isReached: boolean) => void) | null;

/** What is known of an attempt whose process died: nothing. */
const unanswered = { durationMs: null, httpStatus: null, providerCode: null, responseExcerpt: null } as const;

type Leave = (isReached: boolean) => void;

export interface ClaimInput {
  readonly tenantId: string;
  readonly jobId: string;
  readonly runId: string;
  readonly enter: EnterDestination;
}

/** Nothing was sent, so nothing is known of the destination: the room is given back as after a success. */
function giveBack(leave: Leave | null): void {
  leave?.(true);
}

/**
 * One transaction: lock the job, judge it, render it, open an attempt. Of several callers one gets the message. Running it
 * again after a crash finds the attempt open, and treats the send as one that may have gone out.
 */
export function createClaimAttempt(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
  readonly createId: CreateId;
  readonly clock: () => Date;
}) {
  const { transactions, channels, writeJobChange, failures, createId, clock } = dependencies;

  return async function claimAttempt(input: ClaimInput): Promise<ClaimedAttempt> {
    let leave: ReturnType<EnterDestination> = null;
    try {
      const claimed = await transactions.withTenant<ClaimedAttempt>(input.tenantId, async (tx) => {
        const job = await lockJob(tx, input.jobId);
        const channel = job?.channelId ? await channels.findWhatsapp(tx, job.channelId) : null;
        if (job === null || channel === null) return { kind: 'missing' };
        leave = input.enter(channel.id);
        return leave === null ? { kind: 'crowded' } : claim(tx, job, channel, input.runId, leave);
      });
      if (claimed.kind !== 'send') giveBack(leave);
      return claimed;
    } catch (error) {
      giveBack(leave);
      throw error;
    }
  };

  async function claim(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    runId: string,
    leave: Leave,
  ): Promise<ClaimedAttempt> {
    const now = clock();
    const open = job.state === 'sending' ? await findOpenAttempt(tx, job.id) : null;
    const verdict = claimMessage({
      job,
      now,
      isChannelPaused: channel.state === 'paused',
      hasOpenAttempt: open !== null,
      runId,
    });
    switch (verdict.kind) {
      case 'done':
        return { kind: 'settled', job: await stopWaking(tx, job, now), notice: null };
      case 'wait':
        return { kind: 'settled', job: await wakeAfter(tx, job, verdict.until, now), notice: null };
      case 'hold':
        return { kind: 'settled', job: await writeJobChange(tx, { job, change: verdict.change, now }), notice: null };
      case 'expired':
        if (job.isOutcomeUnknown) return giveUp(tx, job, channel, now);
        return {
          kind: 'settled',
          job: await failures.expire(tx, { job, numRetries: channel.settings.numRetries, now }),
          notice: null,
        };
      case 'interrupted':
        return interrupt(tx, job, channel, open?.id ?? '', now);
      case 'window_closed':
        return afterWindow(tx, job, channel, runId, now, leave);
      case 'go':
        return go(tx, job, channel, runId, now, leave);
    }
  }

  /** Nothing is left to do: the sweep must not offer it for ever, nor an attempt stay open whose status told the rest. */
  async function stopWaking(tx: Tx, job: Job, now: Date): Promise<Job> {
    const open = await findOpenAttempt(tx, job.id);
    if (open !== null) await closeAttempt(tx, { ...unanswered, id: open.id, outcome: 'accepted', problem: null });
    if (job.wakeAt === null) return job;
    return writeJobChange(tx, { job, change: { ...noChange, set: { wakeAt: null } }, now });
  }

  /** This workflow waits from here on; the sweep looks again only if it should have ended by then. */
  async function wakeAfter(tx: Tx, job: Job, until: Date, now: Date): Promise<Job> {
    if (job.wakeAt !== null && job.wakeAt >= until) return job;
    const set = { wakeAt: new Date(until.getTime() + wakeGraceMs) };
    return writeJobChange(tx, { job, change: { ...noChange, set }, now });
  }

  async function interrupt(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    attemptId: string,
    now: Date,
  ): Promise<ClaimedAttempt> {
    const recorded = await failures.record(tx, { job, channel, failure: interruptedFailure, now });
    await closeAttempt(tx, { ...unanswered, id: attemptId, outcome: 'ambiguous', problem: recorded.problem });
    return { kind: 'settled', job: recorded.job, notice: recorded.notice };
  }

  /** It may have gone out before its time was over. */
  async function giveUp(tx: Tx, job: Job, channel: WhatsappChannel, now: Date): Promise<ClaimedAttempt> {
    const closed = await failures.recordWindowClosed(tx, { job, channel, now });
    return { kind: 'settled', job: closed.job, notice: null };
  }

  async function afterWindow(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    runId: string,
    now: Date,
    leave: Leave,
  ): Promise<ClaimedAttempt> {
    // Our own crash is not the message's fault: where the channel resends, it costs none of its retries.
    if (isInterruption(job.error) && channel.settings.ambiguousPolicy === 'resend') {
      return go(tx, { ...job, possibleDuplicate: true }, channel, runId, now, leave);
    }
    const closed = await failures.recordWindowClosed(tx, { job, channel, now });
    const isDue = closed.decision.next === 'retry' && closed.decision.delayMs === 0;
    return isDue ? go(tx, closed.job, channel, runId, now, leave) : { kind: 'settled', job: closed.job, notice: null };
  }

  async function go(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    runId: string,
    now: Date,
    leave: Leave,
  ): Promise<ClaimedAttempt> {
    // `request` was parsed at the door and stored by us.
    const rendered = renderMessage(job.request as MessageRequest, job.to ?? '');
    if (rendered.kind === 'skipped') {
      const change = {
        ...noChange,
        set: { ...endingAt(now), state: 'skipped' as const, workflowRunId: runId },
        timeline: [
          { type: 'message.skipped', title: `Skipped: an activity of type ${rendered.activityType} is no message` },
        ],
      };
      return { kind: 'settled', job: await writeJobChange(tx, { job, change, now }), notice: null };
    }
    if (rendered.kind === 'failed') {
      const running = applyUpdate(job, { workflowRunId: runId }, now);
      const recorded = await failures.record(tx, { job: running, channel, failure: rendered.failure, now });
      return { kind: 'settled', job: recorded.job, notice: recorded.notice };
    }
    const part = rendered.parts.length === 1 ? 0 : await nextPart(tx, job.id, rendered.parts.length);
    const payload = rendered.parts[part];
    if (payload === undefined) throw new Error('a part was asked for that rendering did not make');
    const change = startAttempt({ ...job, partsTotal: rendered.parts.length }, now, runId);
    const attemptId = createId('attempt');
    const [sending] = await Promise.all([
      writeJobChange(tx, { job: { ...job, partsTotal: rendered.parts.length }, change, now }),
      openAttempt(tx, {
        id: attemptId,
        tenantId: job.tenantId,
        jobId: job.id,
        number: job.attempts + 1,
        part,
        target: `${channel.settings.apiBaseUrl}/${channel.settings.phoneNumberId}/messages`,
        startedAt: now,
        errorTableVersion: errorTable.version,
      }),
    ]);
    return {
      kind: 'send',
      job: sending,
      channel,
      secrets: channels.openSecrets(channel),
      attemptId,
      part,
      payload: { ...payload, biz_opaque_callback_data: job.id },
      leave,
    };
  }

  /** Only what Kernel has not taken is ever sent (again). */
  async function nextPart(tx: Tx, jobId: string, total: number): Promise<number> {
    const taken = new Set(
      (await listParts(tx, jobId)).filter((part) => part.state !== 'failed').map((part) => part.part),
    );
    for (let part = 0; part < total; part += 1) if (!taken.has(part)) return part;
    return total - 1;
  }
}
