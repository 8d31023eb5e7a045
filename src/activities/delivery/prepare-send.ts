import type { MessageStep } from '../../contracts/activities.ts';
import { admitCall } from '../../domain/circuit-breaker.ts';
import { holdForOutage } from '../../domain/hold-for-destination.ts';
import { applyUpdate, endingAt, type Job, noChange } from '../../domain/job.ts';
import type { CreateId } from '../../domain/ids.ts';
import { runOf, startAttempt, type WorkflowRun } from '../../domain/message/claim.ts';
import type { KeptWindow } from '../../domain/message/conversation-window.ts';
import type { MessageRequest } from '../../domain/message/request.ts';
import { holdForLimit, type SendLimit } from '../../domain/message/send-limit.ts';
import { tellSkipped } from '../../domain/message/skip.ts';
import type { OptOutCategory } from '../../domain/opt-out.ts';
import { errorTable } from '../../domain/problems/error-table.ts';
import { fillMediaId } from '../../domain/rendering/rendered.ts';
import { openAttempt } from '../../store/attempts.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import { alone } from '../../store/group-commit.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import { listParts } from '../../store/message-parts.ts';
import { renderFor } from '../../store/rendered-messages.ts';
import type { Tx } from '../../store/transactions.ts';
import { findUploadedMedia } from '../../store/uploaded-media.ts';
import type { KeepFromSending } from './keep-from-sending.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { ClaimedAttempt, Leave } from './claimed-attempt.ts';

/** Meta keeps an uploaded file for 30 days; a day less, so that none ends on its way. */
const mediaLifetimeMs = 29 * 24 * 3_600_000;

/** A message that may be sent now, its row locked. */
export interface ReadyMessage {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly limits: { readonly channel: SendLimit; readonly pair: SendLimit };
  /** What the person does not want. */
  readonly optedOut: readonly OptOutCategory[];
  /** Null = nothing is known of it, or it is of no matter on this channel. */
  readonly window: KeptWindow | null;
  readonly run: WorkflowRun;
  readonly now: Date;
  readonly leave: Leave;
  /** Other messages are claimed in the same transaction. */
  readonly isShared: boolean;
  /** An operator asks for it now: neither its time nor a limit keeps it. */
  readonly isReset: boolean;
  /** Another step than this one is left to whoever is there for it. */
  readonly only?: MessageStep | undefined;
  /** And its time has not come: it probes a destination that is away. */
  readonly isForced: boolean;
  /** An activity waits at Temporal for it, and this is such a one. */
  readonly isAtTemporal: boolean;
}

export type PrepareSend = (tx: Tx, ready: ReadyMessage) => Promise<ClaimedAttempt | typeof alone>;

/**
 * Renders a message, chooses the part that is next, and opens its attempt, which is an upload where the part shows a file
 * that the provider does not have; or ends the message, where it cannot be rendered; or holds it, while Kernel is away and
 * another one probes it.
 */
export function createPrepareSend(dependencies: {
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
  readonly keepFromSending: KeepFromSending;
  readonly createId: CreateId;
  readonly rateLimiter: RateLimiter;
}): PrepareSend {
  const { channels, writeJobChange, failures, keepFromSending, createId, rateLimiter } = dependencies;

  return async function prepareSend(tx, ready) {
    const { job, channel, limits, run, now, leave, isShared, isReset, isForced, only } = ready;
    // `request` was parsed at the door and stored by us.
    const request = job.request as MessageRequest;
    const rendered = await renderFor(tx, channel, { ...job, request });
    if (isShared && rendered.kind !== 'parts') return alone;
    if (rendered.kind === 'skipped') {
      // Only rows of before: today such an activity is skipped when it is accepted.
      const change = {
        ...noChange,
        set: { ...endingAt(now), state: 'skipped' as const, ...runOf(job, run) },
        timeline: [tellSkipped(rendered.activityType)],
      };
      return { kind: 'settled', job: await writeJobChange(tx, { job, change, now }) };
    }
    if (rendered.kind === 'failed') {
      const running = applyUpdate(job, runOf(job, run), now);
      const recorded = await failures.record(tx, { job: running, channel, failure: rendered.failure, now });
      return { kind: 'settled', job: recorded.job };
    }
    const kept = await keepFromSending(tx, ready, rendered.parts);
    if (kept === alone) return alone;
    if (kept !== null) return { kind: 'settled', job: kept };
    const admission = admitCall(channel.breakers.kernel, now, isForced);
    if (admission === 'wait') return holdWhileAway(tx, ready);
    // The breaker's row may be taken.
    if (admission === 'probe' && isShared) return alone;
    const part = rendered.parts.length === 1 ? 0 : await nextPart(tx, job.id, rendered.parts.length);
    const payload = rendered.parts[part];
    if (payload === undefined) throw new Error('a part was asked for that rendering did not make');
    const file = rendered.files.find((each) => each.part === part)?.file ?? null;
    const since = new Date(now.getTime() - mediaLifetimeMs);
    const mediaId = file === null ? null : await findUploadedMedia(tx, { jobId: job.id, part, since });
    const isUpload = file !== null && mediaId === null;
    const next = isUpload ? 'uploadMedia' : 'sendToKernel';
    if (only !== undefined && only !== next) return { kind: 'elsewhere', next };
    const wait = isReset ? null : await rateLimiter.find(tx, { job, channel, limits, isUpload, now });
    if (wait !== null) {
      const held = await writeJobChange(tx, { job, change: holdForLimit(job, wait), now });
      return { kind: 'settled', job: held };
    }
    const isProbe = admission === 'probe';
    if (isProbe && !(await channels.takeProbe(tx, channel, 'kernel', now, isForced))) return holdWhileAway(tx, ready);
    const change = startAttempt({ ...job, partsTotal: rendered.parts.length }, now, run);
    const attemptId = createId('attempt');
    const [sending] = await Promise.all([
      writeJobChange(tx, { job: { ...job, partsTotal: rendered.parts.length }, change, now }),
      openAttempt(tx, {
        id: attemptId,
        tenantId: job.tenantId,
        jobId: job.id,
        number: job.attempts + 1,
        part,
        isUpload,
        target: `${channel.settings.apiBaseUrl}/${channel.settings.phoneNumberId}/${isUpload ? 'media' : 'messages'}`,
        startedAt: now,
        errorTableVersion: errorTable.version,
      }),
    ]);
    const secrets = channels.openSecrets(channel);
    const opened = { job: sending, channel, secrets, attemptId, part, isProbe, leave };
    if (isUpload) return { kind: 'upload', ...opened, file };
    return {
      kind: 'send',
      ...opened,
      payload: {
        ...(mediaId === null ? payload : fillMediaId(payload, mediaId)),
        biz_opaque_callback_data: job.id,
      },
      wasThrottled: limits.channel.throttledInARow + limits.pair.throttledInARow > 0,
    };
  };

  async function holdWhileAway(tx: Tx, { job, now, isAtTemporal }: ReadyMessage): Promise<ClaimedAttempt> {
    const change = holdForOutage(job, now, isAtTemporal);
    return { kind: 'settled', job: await writeJobChange(tx, { job, change, now }) };
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
