import type { Job } from '../../domain/job.ts';
import type { MessageRequest } from '../../domain/message/request.ts';
import { readQuotation } from '../../domain/rendering/quoted-message.ts';
import type { WhatsappChannel } from '../../store/channels.ts';
import { findFirstProviderMessageId } from '../../store/jobs.ts';
import type { Tx } from '../../store/transactions.ts';

/** The provider's id of the message that this one answers; null = it quotes none, or one that is unknown here. */
export async function findQuotedMessage(
  tx: Tx,
  { job, channel, request }: { readonly job: Job; readonly channel: WhatsappChannel; readonly request: MessageRequest },
): Promise<string | null> {
  const { quoteReplies } = channel.settings;
  const { activity = null } = request;
  const quotation = activity === null ? null : readQuotation({ activity, isOfBot: job.origin === 'bot', quoteReplies });
  if (quotation === null) return null;
  if ('providerMessageId' in quotation) return quotation.providerMessageId;
  return findFirstProviderMessageId(tx, { jobId: quotation.jobId, channelId: channel.id });
}
