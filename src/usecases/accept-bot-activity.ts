import type { Job } from '../domain/job.ts';
import { groupOf, recipientOf } from '../domain/bot-address.ts';
import { listAnswered, readExpiration, withoutServiceUrl } from '../domain/message/bot-activity.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelStore } from '../store/channels.ts';
import { findJob } from '../store/jobs.ts';
import type { MessageAcceptance } from '../store/message-acceptance.ts';
import { findConversation } from '../store/people.ts';
import type { Tx } from '../store/transactions.ts';

/** One activity that a bot posted to a conversation; `activityId` null = it answers nothing that the path names. */
export interface BotActivity {
  readonly channelId: string;
  readonly conversationId: string;
  readonly activityId: string | null;
  readonly activity: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/**
 * Stores a bot's activity as a message inside the caller's transaction. Refuses with `not_found` where the channel is gone,
 * and where the conversation is none of it. The same activity again is another message, unless it came with an
 * Idempotency-Key: the bots' protocol has none.
 */
export function createAcceptBotActivity(dependencies: {
  readonly channels: ChannelStore;
  readonly acceptance: MessageAcceptance;
  readonly clock: () => Date;
}) {
  const { channels, acceptance, clock } = dependencies;

  return async function acceptBotActivity(tx: Tx, input: BotActivity): Promise<Job> {
    const { activity, channelId, conversationId, requestId } = input;
    const channel = await channels.findWhatsapp(tx, channelId);
    const groupId = groupOf(conversationId, channelId);
    const named = groupId ?? recipientOf(conversationId, channelId);
    if (channel === null || named === null) {
      throw apiProblem('not_found', 'There is no such conversation on this channel.', {
        errors: [
          {
            pointer: '/path/conversationId',
            detail: 'must be the id of the channel, a dot, and a number, a user id or a group',
          },
        ],
      });
    }
    const now = clock();
    const known = await findConversation(tx, { channelId, conversationId });
    const message = {
      to: known.movedTo ?? named,
      conversationId: known.conversationId,
      groupId: await findAnswered(tx, input),
      externalId: null,
      sendAt: null,
      expiresAt: readExpiration(activity, now),
      metadata: {},
      request: {
        activity: withoutServiceUrl(activity),
        ...(groupId !== null && { recipientType: 'group' as const }),
      },
      origin: 'bot' as const,
      requestId,
    };
    return acceptance.store(tx, { channel, message, now });
  };

  /** The inbound message of this channel that the activity answers; null = none, so it belongs to no group. */
  async function findAnswered(tx: Tx, { activity, activityId, channelId }: BotActivity): Promise<string | null> {
    for (const id of listAnswered(activity, activityId)) {
      const job = await findJob(tx, id);
      if (job?.kind === 'inbound' && job.channelId === channelId) return id;
    }
    return null;
  }
}
