import { groupOf, recipientOf } from '../domain/bot-address.ts';
import { stateOf } from '../domain/circuit-breaker.ts';
import type { KernelCredentials } from '../domain/channel.ts';
import type { CreateId } from '../domain/ids.ts';
import { kernelFailure, type KernelRefusal } from '../domain/message/kernel-failure.ts';
import { buildProblem } from '../domain/problems/build-problem.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import { insertProblem } from '../store/notification-errors.ts';
import { findConversation } from '../store/people.ts';
import type { Transactions } from '../store/transactions.ts';
import { claimTyping } from '../store/typing-marks.ts';

/** Tells Kernel that a person's message was read, and that an answer is being written. Twice is as good as once. */
export type CallMarkRead = (mark: {
  readonly owner: { readonly tenantId: string; readonly destination: string };
  readonly apiBaseUrl: string;
  readonly phoneNumberId: string;
  readonly credentials: KernelCredentials;
  readonly messageId: string;
  readonly typing: boolean;
}) => Promise<{ readonly kind: 'marked' } | (KernelRefusal & { readonly kind: 'refused' })>;

interface Dependencies {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly callMarkRead: CallMarkRead;
  readonly createId: CreateId;
  readonly clock: () => Date;
}

/** What came of a mark that was asked for by hand; `problem` null = Kernel took it. */
export interface ReadResult {
  readonly result: 'read' | 'refused';
  readonly problem: Problem | null;
}

/** Marks a message of a person's as read, and on request shows that an answer is being written; one call, never repeated. */
export function createMarkRead(dependencies: Dependencies) {
  const { transactions, channels, callMarkRead, createId, clock } = dependencies;

  return async function markRead(
    { tenantId, requestId }: { readonly tenantId: string; readonly requestId: string },
    channelId: string,
    message: { readonly messageId: string; readonly typing: boolean },
  ): Promise<ReadResult> {
    const channel = await transactions.withTenant(tenantId, (tx) => channels.findWhatsapp(tx, channelId));
    if (channel === null) throw apiProblem('not_found', 'There is no WhatsApp channel of this id.');
    const answer = await callMarkRead({ ...callOf(channels, channel), ...message });
    if (answer.kind === 'marked') return { result: 'read', problem: null };
    const problem = buildProblem({
      failure: kernelFailure(answer, channel.settings.errorOverrides),
      problemId: createId('problem'),
      attempt: null,
      jobId: null,
      requestId,
      tenantId,
      occurredAt: clock().toISOString(),
      nextAttemptAt: null,
    });
    await transactions.withTenant(tenantId, (tx) => insertProblem(tx, problem));
    return { result: 'refused', problem };
  };
}

/**
 * A bot writes in a conversation: its person's last message is marked as read and typing is shown, where the channel wants
 * that, once in 25 s, best effort. Refuses with `not_found` a conversation that is none of the channel's.
 */
export function createShowTyping(dependencies: Dependencies) {
  const { transactions, channels, callMarkRead, clock } = dependencies;

  return async function showTyping(tenantId: string, channelId: string, conversationId: string): Promise<void> {
    const isKnown = groupOf(conversationId, channelId) !== null || recipientOf(conversationId, channelId) !== null;
    const found = await transactions.withTenant(tenantId, async (tx) => {
      const channel = await channels.findWhatsapp(tx, channelId);
      if (channel === null || !isKnown) throw apiProblem('not_found', 'There is no such conversation on this channel.');
      const { markRead } = channel.settings;
      if (markRead === 'never' || channel.state !== 'active' || stateOf(channel.breakers.kernel) !== 'closed')
        return null;
      const known = await findConversation(tx, { channelId, conversationId });
      const named = { channelId, conversationId: known.conversationId ?? conversationId, now: clock() };
      const messageId = await claimTyping(tx, named);
      return messageId === null ? null : { channel, messageId };
    });
    if (found === null) return;
    const { channel, messageId } = found;
    // Nobody waits for it, and nobody is told what came of it.
    void callMarkRead({ ...callOf(channels, channel), messageId, typing: true }).catch(() => undefined);
  };
}

function callOf(channels: ChannelStore, channel: WhatsappChannel) {
  const { apiBaseUrl, phoneNumberId } = channel.settings;
  const owner = { tenantId: channel.tenantId, destination: channel.id };
  return { owner, apiBaseUrl, phoneNumberId, credentials: channels.openSecrets(channel) };
}
