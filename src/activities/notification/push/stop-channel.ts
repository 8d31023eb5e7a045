import { countThrottledBefore, throttleLimit } from '../../../domain/message/send-limit.ts';
import type { ChannelStop, PushFailure } from '../../../domain/notification/push/push-failure.ts';
import { pushDelayMs } from '../../../domain/notification/push/push-waits.ts';
import type { Problem } from '../../../domain/problems/problem.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import { blockSends, lockSendLimit, wholeChannel } from '../../../store/send-limits.ts';
import type { Tx } from '../../../store/transactions.ts';
import type { PushRun } from './push-slice.ts';

/**
 * Does what refusals ask of a whole channel: one that waits for people is paused, one that waits for time is blocked, over
 * all workers. Both hold its recipients, and nothing is lost. Null = none of them asks for it; a lone throttled answer since the
 * last push that was taken is its device's own.
 */
export interface StopChannel {
  (
    tx: Tx,
    run: Pick<PushRun, 'tenantId' | 'channel'>,
    reasons: readonly { readonly refusal: PushFailure; readonly problem: Problem }[],
    now: Date,
  ): Promise<ChannelStop | null>;
}

/** With the back-off of a block that is six minutes of failed handshakes: no restart, but a certificate to be mended. */
const tlsBlocksToPause = 5;

export function createStopChannel(dependencies: {
  readonly channels: Pick<ChannelStore, 'pause'>;
  readonly random: () => number;
}): StopChannel {
  const { channels, random } = dependencies;
  return async (tx, { tenantId, channel }, reasons, now) => {
    const pausing = reasons.find(({ refusal }) => refusal.stops === 'pause');
    if (pausing !== undefined) {
      // Credentials that were replaced while the page ran are not those that were refused: the next page has the new ones.
      await channels.pause(tx, channel.id, pausing.problem, now, channel.updatedAt);
      return 'pause';
    }
    const blocking = reasons.filter(({ refusal }) => refusal.stops !== null);
    const [first] = blocking;
    if (first === undefined) return null;
    const key = { channelId: channel.id, recipient: wholeChannel };
    const limit = await lockSendLimit(tx, key);
    const isLone = blocking.length === 1 && first.refusal.stops === 'block_if_repeated' && limit.throttledInARow === 0;
    const lasting = blocking.find(({ refusal }) => refusal.isTlsFault);
    if (lasting !== undefined && limit.throttledInARow >= tlsBlocksToPause) {
      await channels.pause(tx, channel.id, lasting.problem, now, channel.updatedAt);
      return 'pause';
    }
    const before = countThrottledBefore(limit, now);
    const waits = blocking
      .map(({ refusal, problem }) => ({ problem, delayMs: pushDelayMs(refusal.failure, before, random) }))
      .toSorted((a, b) => b.delayMs - a.delayMs);
    const [longest] = waits;
    if (longest === undefined) return null;
    const { jobId, code, scope } = longest.problem;
    await blockSends(tx, {
      tenantId,
      channelIds: [channel.id],
      recipient: wholeChannel,
      // A lone one is remembered, so that the next is none.
      limit: throttleLimit(limit, isLone ? 0 : longest.delayMs, now),
      met: { jobId, code, scope },
      now,
    });
    return isLone ? null : 'block';
  };
}
