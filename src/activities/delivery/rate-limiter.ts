import type { Job } from '../../domain/job.ts';
import { burstMs, countToTake, type Places, spacingMsOf, usePlace } from '../../domain/message/send-rate.ts';
import type { SendLimit } from '../../domain/message/send-limit.ts';
import type { WhatsappChannel } from '../../store/channels.ts';
import { endOfTurn } from '../../store/coalesce.ts';
import { reservePlaces } from '../../store/send-limits.ts';
import type { Tx } from '../../store/transactions.ts';

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
export interface RateLimiter {
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

export function createRateLimiter(): RateLimiter {
  const places = new Map<string, Places>();
  /** Reservations under way, with how many claims wait for them. */
  const reserving = new Map<string, { readonly tx: Tx; wanted: number; readonly done: Promise<void> }>();
  /** Transactions that have taken places, and so hold a lock which others may wait for. */
  const holding = new WeakSet<Tx>();

  async function reserve(tx: Tx, channel: WhatsappChannel, now: Date): Promise<void> {
    // Claims of the same transaction come in the same turn: by then all of them are counted.
    await endOfTurn();
    const { ratePerSecond } = channel.settings;
    const spacingMs = spacingMsOf(ratePerSecond);
    const usual = countToTake(places.get(channel.id), now.getTime(), ratePerSecond);
    const count = Math.max(usual, reserving.get(channel.id)?.wanted ?? 1);
    const wanted = { tenantId: channel.tenantId, channelId: channel.id, now, count, spacingMs, burstMs };
    const first = await reservePlaces(tx, wanted);
    holding.add(tx);
    places.set(channel.id, { takenMs: now.getTime(), count, spacingMs, nextMs: first.getTime(), left: count });
  }

  /**
   * Claims that come together wait for the places that the first of them takes, and do not each take some. But who holds a
   * lock waits for no other transaction here: that one may wait for the lock, and the database would see no deadlock.
   */
  async function takePlace(tx: Tx, channel: WhatsappChannel, now: Date): Promise<Date> {
    for (;;) {
      const used = usePlace(places.get(channel.id), now.getTime());
      if (used !== null) {
        places.set(channel.id, used.rest);
        return new Date(used.atMs);
      }
      const underWay = reserving.get(channel.id);
      if (underWay !== undefined && (underWay.tx === tx || !holding.has(tx))) {
        underWay.wanted += 1;
        // Should it fail, that is the other claim's to tell; this one tries by itself.
        await underWay.done.catch(() => undefined);
        continue;
      }
      const mine = { tx, wanted: 1, done: reserve(tx, channel, now) };
      if (underWay === undefined) reserving.set(channel.id, mine);
      await mine.done.finally(() => {
        if (reserving.get(channel.id) === mine) reserving.delete(channel.id);
      });
    }
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
      // What was taken before the block came lies before its end.
      const kept = places.get(channel.id);
      if (isBlocked && kept !== undefined && kept.nextMs < blockedUntil.getTime()) places.delete(channel.id);
      const at = await takePlace(tx, channel, now);
      return isLater(at) ? { until: at, hasSlot: true } : null;
    },
  };
}
