import type { CallbackStatus } from '../contracts/http/callbacks.ts';
import { isId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { standsInLine } from '../domain/message/turn.ts';
import { findChannelOfNumber } from '../store/channel-numbers.ts';
import type { ChannelSigns } from '../store/channel-signs.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import { settleAll } from '../store/coalesce.ts';
import { alone, createGroupCommit } from '../store/group-commit.ts';
import { lockJob, tryLockJob } from '../store/jobs.ts';
import { findJobOfPart } from '../store/message-parts.ts';
import type { NoteIdentity } from '../store/note-identity.ts';
import type { MessageStatuses } from '../store/message-statuses.ts';
import { insertStatus, readStatusWord } from '../store/provider-statuses.ts';
import type { Transactions, Tx } from '../store/transactions.ts';

/** What became of one callback's statuses; `parked` = no message of ours is known for them (yet). */
export interface AppliedStatuses {
  readonly applied: number;
  readonly duplicates: number;
  readonly parked: number;
}

interface StatusToApply {
  readonly tenantId: string;
  readonly channelId: string;
  readonly item: CallbackStatus;
}

/**
 * Stores and applies the statuses of one callback, together with those of other callbacks that come at the same time; one
 * bad item spoils nothing. When it returns, all of them are durable. The same callback again changes nothing: a status is
 * stored once. `onStatus` is told of each that is durable, also where the callback as a whole is refused.
 */
export function createApplyStatuses(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly channelSigns: Pick<ChannelSigns, 'note'>;
  readonly statuses: MessageStatuses;
  readonly noteIdentity: NoteIdentity;
  readonly clock: () => Date;
}) {
  const { transactions, channels, channelSigns, statuses, noteIdentity, clock } = dependencies;
  const commit = createGroupCommit<StatusToApply, keyof AppliedStatuses>({ transactions, work: applyIn });

  return async function applyStatuses(
    tenantId: string,
    channelId: string,
    items: readonly CallbackStatus[],
    onStatus: (outcome: 'applied' | 'duplicate' | 'parked') => void = () => undefined,
  ): Promise<AppliedStatuses> {
    const total = { applied: 0, duplicates: 0, parked: 0 };
    // The others are stored; the callback is refused as a whole, and comes again, with those as duplicates.
    await settleAll(
      items.map(async (item) => {
        const outcome = await commit(tenantId, { tenantId, channelId, item });
        total[outcome] += 1;
        onStatus(outcome === 'duplicates' ? 'duplicate' : outcome);
        // Of a message that is not known, perhaps of a person who was erased, nothing is learnt.
        if (item.said !== null && outcome === 'applied') {
          await noteIdentity({ tenantId, channelId, said: item.said, now: clock() });
        }
      }),
    );
    return total;
  };

  async function applyIn(
    tx: Tx,
    { tenantId, channelId, item }: StatusToApply,
    isShared: boolean,
  ): Promise<keyof AppliedStatuses | typeof alone> {
    // A refusal may end its message, and with it what waits for that.
    if (isShared && item.status === 'failed') return alone;
    const now = clock();
    const found = await findMessage(tx, channelId, item, isShared);
    if (found === alone) return alone;
    channelSigns.note({ tenantId, channelId: found?.channel.id ?? channelId }, 'status', now);
    const isNew = await insertStatus(tx, {
      tenantId,
      channelId,
      jobId: found?.job.id ?? null,
      status: {
        providerMessageId: item.providerMessageId,
        status: item.status,
        occurredAt: item.occurredAt ?? now,
        item: item.raw,
      },
      receivedAt: now,
    });
    if (!isNew) return 'duplicates';
    if (found === null) return 'parked';
    const word = readStatusWord(item.providerMessageId, {
      status: item.status,
      item: item.raw,
      occurredAt: item.occurredAt ?? now,
    });
    await statuses.apply(tx, { ...found, word, now });
    return 'applied';
  }

  /**
   * By our own id, which Kernel echoes; else by the provider's, also where the echo is not ours or names no message of this
   * channel: what stands in it is whatever the signer wrote.
   */
  async function findMessage(
    tx: Tx,
    channelId: string,
    item: CallbackStatus,
    isShared: boolean,
  ): Promise<{ job: Job; channel: WhatsappChannel } | typeof alone | null> {
    const echoed = item.callbackData !== null && isId('message', item.callbackData) ? item.callbackData : null;
    const jobId = echoed ?? (await findJobOfPart(tx, item.providerMessageId));
    const [job, channel] = await Promise.all([
      jobId === null ? null : (isShared ? tryLockJob : lockJob)(tx, jobId),
      findChannelOfNumber(tx, channels, channelId, item.phoneNumberId),
    ]);
    if (isShared && jobId !== null && (job === null || (job.isOrdered && standsInLine(job)))) return alone;
    if (channel === null) return null;
    if (job?.channelId === channel.id) return { job, channel };
    const sentAs = echoed === null ? null : await findJobOfPart(tx, item.providerMessageId);
    if (sentAs === null) return null;
    // It may wait for a row's lock.
    if (isShared) return alone;
    const sent = await lockJob(tx, sentAs);
    return sent?.channelId === channel.id ? { job: sent, channel } : null;
  }
}
