import { stateOf } from '../../domain/circuit-breaker.ts';
import type { Job } from '../../domain/job.ts';
import type { ChannelStore, WhatsappChannel } from '../../store/channels.ts';
import type { Transactions } from '../../store/transactions.ts';
import { claimTyping } from '../../store/typing-marks.ts';
import type { KernelClient } from '../../upstreams/kernel/kernel-client.ts';

/**
 * The bot has taken a person's message: it is marked as read, where the channel wants that of each (`on_relay`), or where the
 * bot's answer says that it writes. Best effort, once; nobody waits for it.
 */
export interface MarkRelayed {
  (relayed: { readonly job: Job; readonly channel: WhatsappChannel; readonly isTyping: boolean }): Promise<void>;
}

export function createMarkRelayed(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'openSecrets'>;
  readonly kernel: Pick<KernelClient, 'markRead'>;
  readonly clock: () => Date;
}): MarkRelayed {
  const { transactions, channels, kernel, clock } = dependencies;

  return async ({ job, channel, isTyping }) => {
    const { markRead, apiBaseUrl, phoneNumberId } = channel.settings;
    const isWanted = markRead === 'on_relay' || (markRead === 'on_typing' && isTyping);
    if (!isWanted || channel.state !== 'active' || stateOf(channel.breakers.kernel) !== 'closed') return;
    const messageId = isTyping ? await claim(job, channel) : (job.providerMessageIds[0] ?? null);
    if (messageId === null) return;
    const { tenantId } = job;
    await kernel.markRead({
      owner: { tenantId, destination: channel.id },
      apiBaseUrl,
      phoneNumberId,
      credentials: channels.openSecrets(channel),
      messageId,
      typing: isTyping,
    });
  };

  function claim({ tenantId, conversationId }: Job, { id: channelId }: WhatsappChannel): Promise<string | null> {
    const named = { channelId, conversationId: conversationId ?? '', now: clock() };
    return transactions.withTenant(tenantId, (tx) => claimTyping(tx, named));
  }
}
