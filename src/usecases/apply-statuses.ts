import type { CallbackStatus } from '../contracts/http/callbacks.ts';
import type { Job } from '../domain/job.ts';
import { findChannelOfNumber } from '../store/channel-numbers.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import { lockJob } from '../store/jobs.ts';
import { findJobOfPart } from '../store/message-parts.ts';
import type { MessageStatuses } from '../store/message-statuses.ts';
import { insertStatus, readStatusWord } from '../store/provider-statuses.ts';
import type { Transactions, Tx } from '../store/transactions.ts';

/** What became of one callback's statuses; `parked` = no message of ours is known for them (yet). */
export interface AppliedStatuses {
  readonly applied: number;
  readonly duplicates: number;
  readonly parked: number;
}

/**
 * Stores and applies the statuses of one callback, each in a transaction of its own, so that one bad item spoils nothing.
 * When it returns, all of them are durable. The same callback again changes nothing: a status is stored once. `onStatus`
 * is told of each that is durable, also where the callback as a whole is refused.
 */
export function createApplyStatuses(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly statuses: MessageStatuses;
  readonly clock: () => Date;
}) {
  const { transactions, channels, statuses, clock } = dependencies;

  return async function applyStatuses(
    tenantId: string,
    channelId: string,
    items: readonly CallbackStatus[],
    onStatus: (outcome: 'applied' | 'duplicate' | 'parked') => void = () => undefined,
  ): Promise<AppliedStatuses> {
    const total = { applied: 0, duplicates: 0, parked: 0 };
    const faults: unknown[] = [];
    for (const item of items) {
      try {
        const outcome = await transactions.withTenant(tenantId, (tx) => applyOne(tx, tenantId, channelId, item));
        total[outcome] += 1;
        onStatus(outcome === 'duplicates' ? 'duplicate' : outcome);
      } catch (error) {
        faults.push(error);
      }
    }
    // The others are stored; the callback is refused as a whole, and comes again, with those as duplicates.
    if (faults.length > 0) throw faults[0];
    return total;
  };

  async function applyOne(
    tx: Tx,
    tenantId: string,
    channelId: string,
    item: CallbackStatus,
  ): Promise<keyof AppliedStatuses> {
    const now = clock();
    const found = await findMessage(tx, channelId, item);
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
    const word = readStatusWord(item.providerMessageId, { status: item.status, item: item.raw });
    await statuses.apply(tx, { ...found, word, now });
    return 'applied';
  }

  /**
   * By our own id, which Kernel echoes; else by the provider's. A message of another number is not this status', and a job
   * that is no message has none: the id in it is whatever the signer wrote.
   */
  async function findMessage(
    tx: Tx,
    channelId: string,
    item: CallbackStatus,
  ): Promise<{ job: Job; channel: WhatsappChannel } | null> {
    const jobId = item.callbackData ?? (await findJobOfPart(tx, item.providerMessageId));
    const [job, channel] = await Promise.all([
      jobId === null ? null : lockJob(tx, jobId),
      findChannelOfNumber(tx, channels, channelId, item.phoneNumberId),
    ]);
    if (job === null || channel === null || job.kind !== 'message') return null;
    return job.channelId === channel.id ? { job, channel } : null;
  }
}
