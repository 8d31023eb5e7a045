import { applyUpdate, endingAt, type Job, noChange } from '../../domain/job.ts';
import type { CreateId } from '../../domain/ids.ts';
import { runOf, startAttempt, type WorkflowRun } from '../../domain/message/claim.ts';
import type { MessageRequest } from '../../domain/message/request.ts';
import { holdForRoom, type SendLimit } from '../../domain/message/send-limit.ts';
import { tellSkipped } from '../../domain/message/skip.ts';
import { errorTable } from '../../domain/problems/error-table.ts';
import { renderMessage } from '../../domain/rendering/render-message.ts';
import { openAttempt } from '../../store/attempts.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import { listParts } from '../../store/message-parts.ts';
import type { Tx } from '../../store/transactions.ts';
import type { SendRoom } from './send-room.ts';
import type { ClaimedAttempt, Leave } from './claimed-attempt.ts';

/** A message that may be sent now, its row locked. */
export interface ReadyMessage {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly limits: { readonly channel: SendLimit; readonly pair: SendLimit };
  readonly run: WorkflowRun;
  readonly now: Date;
  readonly leave: Leave;
}

export type PrepareSend = (tx: Tx, ready: ReadyMessage) => Promise<ClaimedAttempt>;

/** Renders a message, chooses the part that is next, and opens its attempt; or ends it, where it cannot be rendered. */
export function createPrepareSend(dependencies: {
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
  readonly createId: CreateId;
  readonly sendRoom: SendRoom;
}): PrepareSend {
  const { channels, writeJobChange, failures, createId, sendRoom } = dependencies;

  return async function prepareSend(tx, { job, channel, limits, run, now, leave }) {
    // `request` was parsed at the door and stored by us.
    const rendered = renderMessage(job.request as MessageRequest, job.to ?? '');
    if (rendered.kind === 'skipped') {
      // Only rows of before: today such an activity is skipped when it is accepted.
      const change = {
        ...noChange,
        set: { ...endingAt(now), state: 'skipped' as const, ...runOf(job, run) },
        timeline: [tellSkipped(rendered.activityType)],
      };
      return { kind: 'settled', job: await writeJobChange(tx, { job, change, now }), notice: null };
    }
    if (rendered.kind === 'failed') {
      const running = applyUpdate(job, runOf(job, run), now);
      const recorded = await failures.record(tx, { job: running, channel, failure: rendered.failure, now });
      return { kind: 'settled', job: recorded.job, notice: recorded.notice };
    }
    const wait = await sendRoom.find(tx, { job, channel, limits, now });
    if (wait !== null) {
      const held = await writeJobChange(tx, { job, change: holdForRoom(job, wait), now });
      return { kind: 'settled', job: held, notice: null };
    }
    const part = rendered.parts.length === 1 ? 0 : await nextPart(tx, job.id, rendered.parts.length);
    const payload = rendered.parts[part];
    if (payload === undefined) throw new Error('a part was asked for that rendering did not make');
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
      wasThrottled: limits.channel.throttledInARow + limits.pair.throttledInARow > 0,
      leave,
    };
  };

  /** Only what Kernel has not taken is ever sent (again). */
  async function nextPart(tx: Tx, jobId: string, total: number): Promise<number> {
    const taken = new Set(
      (await listParts(tx, jobId)).filter((part) => part.state !== 'failed').map((part) => part.part),
    );
    for (let part = 0; part < total; part += 1) if (!taken.has(part)) return part;
    return total - 1;
  }
}
