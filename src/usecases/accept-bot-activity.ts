import { recipientOf } from '../domain/bot-address.ts';
import type { Job } from '../domain/job.ts';
import { listAnswered, readExpiration, withoutServiceUrl } from '../domain/message/bot-activity.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelStore } from '../store/channels.ts';
import { findJob } from '../store/jobs.ts';
import type { AcceptedMessage, MessageAcceptance } from '../store/message-acceptance.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import type { JobStarter } from './job-starter.ts';
import type { StartRoom } from './start-room.ts';

/** One activity that a bot posted to a conversation; `activityId` null = it answers nothing that the path names. */
export interface BotActivity {
  readonly channelId: string;
  readonly conversationId: string;
  readonly activityId: string | null;
  readonly activity: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/**
 * Stores a bot's activity as a message and starts it once it is durable. Refuses with `not_found` where the channel is
 * gone, and where the conversation is none of it. The same activity again is another message: the protocol has no key.
 */
export function createAcceptBotActivity(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly acceptance: MessageAcceptance;
  readonly startRoom: StartRoom;
  readonly starter: Pick<JobStarter, 'startSoon'>;
  readonly clock: () => Date;
}) {
  const { transactions, channels, acceptance, startRoom, starter, clock } = dependencies;

  return async function acceptBotActivity(tenantId: string, input: BotActivity): Promise<Job> {
    const { job, startNow } = await transactions.withTenant(tenantId, (tx) => store(tx, input));
    if (startNow) starter.startSoon(job);
    return job;
  };

  async function store(tx: Tx, input: BotActivity): Promise<AcceptedMessage> {
    const { activity, channelId, conversationId, requestId } = input;
    const channel = await channels.findWhatsapp(tx, channelId);
    const to = recipientOf(conversationId, channelId);
    if (channel === null || to === null) {
      throw apiProblem('not_found', 'There is no such conversation on this channel.', {
        errors: [{ pointer: '/path/conversationId', detail: 'must be the id of the channel, a dot, and a number' }],
      });
    }
    const now = clock();
    const message = {
      to,
      conversationId,
      groupId: await findAnswered(tx, input),
      externalId: null,
      sendAt: null,
      expiresAt: readExpiration(activity, now),
      metadata: {},
      request: { activity: withoutServiceUrl(activity) },
      origin: 'bot' as const,
      requestId,
    };
    return acceptance.store(tx, { channel, message, now, hasRoom: () => startRoom.take() });
  }

  /** The inbound message of this channel that the activity answers; null = none, so it belongs to no group. */
  async function findAnswered(tx: Tx, { activity, activityId, channelId }: BotActivity): Promise<string | null> {
    for (const id of listAnswered(activity, activityId)) {
      const job = await findJob(tx, id);
      if (job?.kind === 'inbound' && job.channelId === channelId) return id;
    }
    return null;
  }
}
