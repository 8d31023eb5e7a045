import type { CreateId } from '../domain/ids.ts';
import type { Job, JobOrigin } from '../domain/job.ts';
import { acceptMessage } from '../domain/message/new-message.ts';
import type { MessageRequest } from '../domain/message/request.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import { isLineTaken, type Line } from '../store/conversation-lines.ts';
import type { InsertJob } from '../store/new-jobs.ts';
import type { Tx } from '../store/transactions.ts';
import type { StartRoom } from './start-room.ts';

/** One message as the door parsed it; null members were left out. */
export interface MessageToAccept {
  readonly channelId: string | null;
  readonly to: string;
  readonly conversationId: string | null;
  readonly groupId: string | null;
  readonly externalId: string | null;
  readonly sendAt: Date | null;
  readonly expiresAt: Date | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly request: MessageRequest;
  readonly origin: JobOrigin;
  readonly requestId: string | null;
}

export interface AcceptedMessage {
  readonly job: Job;
  /** Whether to start its workflow after the commit. */
  readonly startNow: boolean;
}

/**
 * Stores one message inside the caller's transaction. Refuses with `channel_not_found` and `invalid_request`. Nothing is
 * started here: the caller starts after its commit, and the sweep starts what the caller could not.
 */
export function createAcceptMessage(dependencies: {
  readonly channels: ChannelStore;
  readonly insertJob: InsertJob;
  readonly createId: CreateId;
  readonly startRoom: StartRoom;
  readonly clock: () => Date;
}) {
  const { channels, insertJob, createId, startRoom, clock } = dependencies;

  return async function acceptOne(tx: Tx, tenantId: string, message: MessageToAccept): Promise<AcceptedMessage> {
    const channel = await chooseChannel(tx, message.channelId);
    const now = clock();
    if (
      message.expiresAt !== null &&
      message.expiresAt.getTime() <= Math.max(now.getTime(), message.sendAt?.getTime() ?? 0)
    ) {
      throw apiProblem('invalid_request', 'The message would expire before it could be sent.', {
        errors: [{ pointer: '/expiresAt', detail: 'must lie in the future and after sendAt' }],
      });
    }
    const line = lineOfMessage(channel, message.conversationId);
    const accepted = acceptMessage(
      {
        ...message,
        id: createId('message'),
        tenantId,
        channelId: channel.id,
        isChannelPaused: channel.state === 'paused',
        isOrdered: line !== null,
        isTurnTaken: line !== null && !isLater(message.sendAt, now) && (await isLineTaken(tx, line)),
        causedBy: null,
      },
      now,
      () => startRoom.take(),
    );
    await insertJob(tx, accepted);
    return { job: accepted.job, startNow: accepted.startNow };
  };

  /** Null = no one asked for an order. */
  function lineOfMessage(channel: WhatsappChannel, conversationId: string | null): Line | null {
    if (conversationId === null || channel.settings.ordering !== 'strict') return null;
    return { channelId: channel.id, conversationId, kind: 'message' };
  }

  async function chooseChannel(tx: Tx, id: string | null): Promise<WhatsappChannel> {
    if (id === null) {
      const all = await channels.findOnlyWhatsapp(tx);
      const [only] = all;
      if (only !== undefined && all.length === 1) return only;
      throw apiProblem(
        all.length === 0 ? 'channel_not_found' : 'invalid_request',
        all.length === 0
          ? 'The tenant has no WhatsApp channel.'
          : 'The tenant has several WhatsApp channels: name one.',
        { errors: [{ pointer: '/channelId', detail: 'is needed where there is not exactly one WhatsApp channel' }] },
      );
    }
    const channel = await channels.findWhatsapp(tx, id);
    if (channel !== null) return channel;
    throw apiProblem('channel_not_found', `There is no WhatsApp channel ${id}.`, {
      errors: [{ pointer: '/channelId', detail: 'names no WhatsApp channel of this tenant' }],
    });
  }
}

/** It stands in line from its `sendAt` on, at the place of its acceptance. */
function isLater(sendAt: Date | null, now: Date): boolean {
  return sendAt !== null && sendAt.getTime() > now.getTime();
}
