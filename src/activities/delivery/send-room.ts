import type { Job } from '../../domain/job.ts';
import { takePlaces } from '../../domain/message/send-rate.ts';
import type { SendLimit } from '../../domain/message/send-limit.ts';
import type { WhatsappChannel } from '../../store/channels.ts';
import { lockRate, saveRate } from '../../store/send-limits.ts';
import type { Tx } from '../../store/transactions.ts';

/** Places that were taken and not used are forgotten after this long: an old one would let a burst through. */
const keepPlacesMs = 1_000;
/** A wait this short is not worth a run of its own. */
const shortestWaitMs = 20;

export interface Wait {
  readonly until: Date;
  /** The place at `until` is this message's own. */
  readonly hasSlot: boolean;
}

/**
 * Says when a message may go: null = now. What the provider has blocked and the rate of the channel live in Postgres, so
 * they hold over all workers and restarts; a worker takes places of the rate a few at a time.
 */
export interface SendRoom {
  find(
    tx: Tx,
    input: {
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly limits: { readonly channel: SendLimit; readonly pair: SendLimit };
      /** It waits while the provider has asked to, and takes no place in the rate of messages. */
      readonly isUpload: boolean;
      readonly now: Date;
    },
  ): Promise<Wait | null>;
}

export function createSendRoom(): SendRoom {
  const places = new Map<string, { left: number; readonly untilMs: number }>();

  function usePlace(channelId: string, now: Date): boolean {
    const kept = places.get(channelId);
    if (kept === undefined) return false;
    if (kept.left === 0 || kept.untilMs <= now.getTime()) {
      places.delete(channelId);
      return false;
    }
    kept.left -= 1;
    return true;
  }

  return {
    async find(tx, { job, channel, limits, isUpload, now }) {
      const isLater = (at: Date | null): at is Date => at !== null && at.getTime() - now.getTime() > shortestWaitMs;
      const { blockedUntil } = limits.channel;
      if (isLater(limits.pair.blockedUntil)) return { until: limits.pair.blockedUntil, hasSlot: false };
      const isBlocked = isLater(blockedUntil);
      if (isUpload) return isBlocked ? { until: blockedUntil, hasSlot: false } : null;
      if (job.rateSlotAt !== null && (!isBlocked || job.rateSlotAt >= blockedUntil)) {
        return isLater(job.rateSlotAt) ? { until: job.rateSlotAt, hasSlot: true } : null;
      }
      if (!isBlocked && usePlace(channel.id, now)) return null;
      const { ratePerSecond } = channel.settings;
      const rate = await lockRate(tx, { tenantId: channel.tenantId, channelId: channel.id });
      // Whoever of this worker held the lock before may have left places: claims that come together must not each take a row of them.
      if (!isBlocked && usePlace(channel.id, now)) return null;
      const taken = takePlaces({ ...rate, now, ratePerSecond });
      await saveRate(tx, channel.id, taken.freeAt);
      if (isLater(taken.at)) return { until: taken.at, hasSlot: true };
      if (taken.count > 1) places.set(channel.id, { left: taken.count - 1, untilMs: now.getTime() + keepPlacesMs });
      return null;
    },
  };
}
