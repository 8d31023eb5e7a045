import type { CreateId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { acceptMessage, type NewMessage } from '../domain/message/new-message.ts';
import { skippedTypeOf } from '../domain/message/skip.ts';
import type { WhatsappChannel } from './channels.ts';
import { isLineTaken, type Line } from './conversation-lines.ts';
import type { InsertJob } from './new-jobs.ts';
import type { Tx } from './transactions.ts';

/** One message for one channel; null members were left out. What the channel and its line say is found out here. */
export type MessageToStore = Omit<
  NewMessage,
  'id' | 'tenantId' | 'channelId' | 'isChannelPaused' | 'isOrdered' | 'isTurnTaken' | 'causedBy'
>;

export interface MessageAcceptance {
  /**
   * Stores one message at its place in its conversation, inside the caller's transaction. `admitLater` is asked before
   * anything is written of a message that will be scheduled or held; it may refuse.
   */
  store(
    tx: Tx,
    input: {
      readonly channel: WhatsappChannel;
      readonly message: MessageToStore;
      readonly now: Date;
      readonly admitLater?: () => Promise<void>;
    },
  ): Promise<Job>;
}

export function createMessageAcceptance(dependencies: {
  readonly insertJob: InsertJob;
  readonly createId: CreateId;
}): MessageAcceptance {
  const { insertJob, createId } = dependencies;
  return {
    async store(tx, { channel, message, now, admitLater }) {
      const line = lineOfMessage(channel, message);
      const accepted = acceptMessage(
        {
          ...message,
          id: createId('message'),
          tenantId: channel.tenantId,
          channelId: channel.id,
          isChannelPaused: channel.state === 'paused',
          isOrdered: line !== null,
          isTurnTaken: line !== null && !isLater(message.sendAt, now) && (await isLineTaken(tx, line)),
          causedBy: null,
        },
        now,
      );
      if (accepted.job.state === 'scheduled' || accepted.job.state === 'held') await admitLater?.();
      return (await insertJob(tx, accepted)) ?? accepted.job;
    },
  };
}

/** Null = no one asked for an order, or nothing will be sent. */
function lineOfMessage(channel: WhatsappChannel, { conversationId, request }: MessageToStore): Line | null {
  if (conversationId === null || channel.settings.ordering !== 'strict' || skippedTypeOf(request) !== null) return null;
  return { channelId: channel.id, conversationId, kind: 'message' };
}

/** It stands in line from its `sendAt` on, at the place of its acceptance. */
function isLater(sendAt: Date | null, now: Date): boolean {
  return sendAt !== null && sendAt.getTime() > now.getTime();
}
