import type { CallbackMessage } from '../contracts/http/callbacks.ts';
import { conversationIdOf, groupConversationIdOf } from '../domain/bot-address.ts';
import { viewRecipient } from '../domain/identity/identity.ts';
import { listSaidIds } from '../domain/identity/learn-identity.ts';
import type { CreateId } from '../domain/ids.ts';
import { acceptInbound } from '../domain/inbound/new-inbound.ts';
import { readGroup, readWords } from '../domain/inbound/read-content.ts';
import type { Job } from '../domain/job.ts';
import { findChannelOfNumber } from '../store/channel-numbers.ts';
import { opensWindow } from '../domain/message/conversation-window.ts';
import { readOptOutWord } from '../domain/opt-out.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import type { ChannelSigns } from '../store/channel-signs.ts';
import { isLineTaken } from '../store/conversation-lines.ts';
import type { LearnIdentity } from '../store/identities.ts';
import { openWindow } from '../store/reply-windows.ts';
import type { InsertJob } from '../store/new-jobs.ts';
import type { OptOutStore } from '../store/opt-outs.ts';
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
 * `onStray` gets those to an unknown number, which are not.
 */
export function createApplyInbound(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly channelSigns: Pick<ChannelSigns, 'note'>;
  readonly insertJob: InsertJob;
  readonly learnIdentity: LearnIdentity;
  readonly optOuts: Pick<OptOutStore, 'optOut' | 'optIn'>;
  readonly createId: CreateId;
  readonly clock: () => Date;
}) {
  const { transactions, channels, channelSigns, insertJob, learnIdentity, optOuts, createId, clock } = dependencies;

  return async function applyInbound(
    tenantId: string,
    channelId: string,
    messages: readonly CallbackMessage[],
    requestId: string,
    onStray: (message: CallbackMessage) => void = () => undefined,
  ): Promise<AppliedInbound> {
    const total = { received: 0, repeated: 0, unknownNumber: 0 };
    const faults: unknown[] = [];
    const stopped = new Set<string>();
    for (const message of messages) {
      // Behind one that could not be stored: it would overtake it, so it comes again with it.
      const ids = listSaidIds(message.said);
      if (ids.some((id) => stopped.has(id))) continue;
      try {
        const stored = await transactions.withTenant(tenantId, (tx) => storeOne(tx, channelId, message, requestId));
        total[stored] += 1;
        if (stored === 'unknownNumber') onStray(message);
      } catch (error) {
        faults.push(error);
        for (const id of ids) stopped.add(id);
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
    channelSigns.note({ tenantId: channel.tenantId, channelId: channel.id }, 'inbound', clock());
    const hasBot = channel.settings.botUrl !== null;
    const isOrdered = hasBot && channel.settings.ordering === 'strict';
    const { said } = message;
    const sender = await learnIdentity(tx, { tenantId: channel.tenantId, channelId: channel.id, said, now: clock() });
    const groupId = readGroup(message.raw);
    const conversationId =
      groupId === null ? conversationIdOf(channel.id, sender.name) : groupConversationIdOf(channel.id, groupId);
    const line = { channelId: channel.id, conversationId, kind: 'inbound' as const };
    const accepted = acceptInbound(
      {
        id: createId('inbound'),
        tenantId: channel.tenantId,
        channelId: channel.id,
        from: message.from,
        sender,
        conversationId,
        providerMessageId: message.providerMessageId,
        request: { item: message.raw, profileName: message.profileName },
        isOrdered,
        isTurnTaken: isOrdered && (await isLineTaken(tx, line)),
        hasBot,
        requestId,
      },
      clock(),
    );
    const stored = await insertJob(tx, accepted);
    if (stored !== null && said.source === 'change') await tellChange(tx, stored, message);
    if (stored !== null && groupId === null) {
      // Of the person who was learnt: `from` may be a number that is somebody else's by now.
      const ids = [sender.phone, sender.userId, sender.parentUserId].filter((each) => each !== null);
      const id = ids.find((each) => each === message.from) ?? ids[0] ?? message.from;
      const word = { channel, id, person: sender.name, heardAt: said.at, now: clock() };
      if (opensWindow(message.raw) && said.source === 'message') await openWindow(tx, word);
      await heedWord(tx, channel, id, message);
    }
    return stored === null ? 'repeated' : 'received';
  }

  /** What the person has written may be a word that ends what we send, or lets it begin again. */
  async function heedWord(tx: Tx, channel: WhatsappChannel, id: string, { raw }: CallbackMessage): Promise<void> {
    const word = readOptOutWord(readWords(raw), channel.settings);
    const said = { tenantId: channel.tenantId, channelId: channel.id, id, source: 'word' as const, now: clock() };
    if (word === 'opt_out') await optOuts.optOut(tx, { ...said, category: 'all' });
    if (word === 'opt_in') await optOuts.optIn(tx, { ...said, category: null });
  }

  async function tellChange(tx: Tx, job: Job, { said }: CallbackMessage): Promise<void> {
    const data = {
      jobId: job.id,
      channelId: job.channelId,
      previous: said.former,
      recipient: viewRecipient(job.to, job.recipient),
    };
    await tx.execute({
      text: 'insert into event (id, tenant_id, type, job_id, data, created_at) values ($1, $2, $3, $4, $5, $6)',
      values: [
        createId('event'),
        job.tenantId,
        'recipient.identity_changed',
        job.id,
        JSON.stringify(data),
        job.createdAt,
      ],
    });
  }
}
