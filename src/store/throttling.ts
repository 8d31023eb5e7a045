import type { Failure } from '../domain/failure.ts';
import type { Job } from '../domain/job.ts';
import type { Decision } from '../domain/message/decide.ts';
import { countThrottledBefore, limitScopeOf, type LimitScope, throttleLimit } from '../domain/message/send-limit.ts';
import { throttleDelayMs } from '../domain/retry.ts';
import type { ChannelStore, WhatsappChannel } from './channels.ts';
import { blockSends, lockSendLimit, wholeChannel } from './send-limits.ts';
import type { Tx } from './transactions.ts';

/** A throttled answer that slows more than its message. `before` = such answers of its scope in a row before this one. */
export interface Throttling {
  readonly before: number;
  /** Makes the whole scope wait, for as long as was decided for the message. */
  block(decision: Extract<Decision, { next: 'retry' }>): Promise<void>;
}

type ReadThrottling = (
  tx: Tx,
  input: { readonly job: Job; readonly channel: WhatsappChannel; readonly failure: Failure; readonly now: Date },
) => Promise<Throttling | null>;

/** Null = nothing is throttled, or only the message itself. */
export function createReadThrottling(dependencies: {
  readonly channels: ChannelStore;
  readonly random: () => number;
}): ReadThrottling {
  const { channels, random } = dependencies;

  return async (tx, { job, channel, failure, now }) => {
    const scope = failure.class === 'throttled' ? limitScopeOf(failure.scope) : null;
    if (scope === null) return null;
    const recipient = scope === 'pair' ? (job.to ?? wholeChannel) : wholeChannel;
    const limit = await lockSendLimit(tx, { channelId: channel.id, recipient });
    const before = countThrottledBefore(limit, now);
    return {
      before,
      async block(decision) {
        const { retryInitialMs: initialMs, retryMaxMs: maxMs } = channel.settings;
        // A message that expires sooner waits for less; the others of its scope do not.
        const delayMs = decision.willRetry
          ? decision.delayMs
          : throttleDelayMs({ failure, throttledBefore: before, initialMs, maxMs, random });
        await blockSends(tx, {
          tenantId: channel.tenantId,
          channelIds: await channelsOf(tx, scope, channel),
          recipient,
          limit: throttleLimit(limit, delayMs, now),
          met: { jobId: job.id, code: failure.code, scope: failure.scope },
          now,
        });
      },
    };
  };

  /**
   * A number may be set up as several channels. What belongs to one account is told by the app: Meta's limits of app and
   * business account hold for all numbers that share it, and the app secret is what a channel has of it.
   */
  async function channelsOf(tx: Tx, scope: LimitScope, channel: WhatsappChannel): Promise<string[]> {
    if (scope === 'pair') return [channel.id];
    const { apiBaseUrl, phoneNumberId } = channel.settings;
    const here = (await channels.listWhatsapp(tx)).filter((each) => each.settings.apiBaseUrl === apiBaseUrl);
    if (scope === 'number') {
      return here.filter((each) => each.settings.phoneNumberId === phoneNumberId).map((each) => each.id);
    }
    const { appSecret } = channels.openSecrets(channel);
    return here.filter((each) => channels.openSecrets(each).appSecret === appSecret).map((each) => each.id);
  }
}
