import type { CallbackMessage } from '../contracts/http/callbacks.ts';
import { conversationIdOf } from '../domain/bot-address.ts';
import type { CreateId } from '../domain/ids.ts';
import { acceptInbound } from '../domain/inbound/new-inbound.ts';
import { findChannelOfNumber } from '../store/channel-numbers.ts';
import type { ChannelStore } from '../store/channels.ts';
import { isLineTaken } from '../store/conversation-lines.ts';
import type { InsertJob } from '../store/new-jobs.ts';
import type { Transactions, Tx } from '../store/transactions.ts';

/** What became of one callback's messages; `unknownNumber` = they came for a number that is no channel of the tenant. */
export interface AppliedInbound {
  readonly received: number;
  readonly repeated: number;
  readonly unknownNumber: number;
}

/**
 * Stores the messages of one callback in their order, each in a transaction of its own, so that one bad item spoils
 * nothing. When it returns all of them are durable; the same callback again changes nothing, for a message is stored once.
 */
export function createApplyInbound(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly insertJob: InsertJob;
  readonly createId: CreateId;
  readonly clock: () => Date;
}) {
  const { transactions, channels, insertJob, createId, clock } = dependencies;

  return async function applyInbound(
    tenantId: string,
    channelId: string,
    messages: readonly CallbackMessage[],
    requestId: string,
  ): Promise<AppliedInbound> {
    const total = { received: 0, repeated: 0, unknownNumber: 0 };
    const faults: unknown[] = [];
    const stopped = new Set<string>();
    for (const message of messages) {
      // Behind one that could not be stored: it would overtake it, so it comes again with it.
      if (stopped.has(message.from)) continue;
      try {
        const stored = await transactions.withTenant(tenantId, (tx) => storeOne(tx, channelId, message, requestId));
        total[stored] += 1;
      } catch (error) {
        faults.push(error);
        stopped.add(message.from);
      }
    }
    // The others are stored; the callback is refused as a whole, and comes again, with those as repetitions.
    if (faults.length > 0) throw faults[0];
    return total;
  };

  async function storeOne(
    tx: Tx,
    channelId: string,
    message: CallbackMessage,
    requestId: string,
  ): Promise<keyof AppliedInbound> {
    const channel = await findChannelOfNumber(tx, channels, channelId, message.phoneNumberId);
    if (channel === null) return 'unknownNumber';
    const hasBot = channel.settings.botUrl !== null;
    const isOrdered = hasBot && channel.settings.ordering === 'strict';
    const conversationId = conversationIdOf(channel.id, message.from);
    const line = { channelId: channel.id, conversationId, kind: 'inbound' as const };
    const accepted = acceptInbound(
      {
        id: createId('inbound'),
        tenantId: channel.tenantId,
        channelId: channel.id,
        from: message.from,
        providerMessageId: message.providerMessageId,
        request: { item: message.raw, profileName: message.profileName },
        isOrdered,
        isTurnTaken: isOrdered && (await isLineTaken(tx, line)),
        hasBot,
        requestId,
      },
      clock(),
    );
    return (await insertJob(tx, accepted)) ? 'received' : 'repeated';
  }
}
