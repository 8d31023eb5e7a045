import { addressOf } from '../domain/identity/identity.ts';
import type { Job } from '../domain/job.ts';
import type { MessageRequest } from '../domain/message/request.ts';
import { readQuotation } from '../domain/rendering/quoted-message.ts';
import { renderMessage } from '../domain/rendering/render-message.ts';
import type { Rendered } from '../domain/rendering/rendered.ts';
import type { WhatsappChannel } from './channels.ts';
import { findFirstProviderMessageId } from './jobs.ts';
import type { Tx } from './transactions.ts';

/** Of a message, stored or not, what its payloads depend on. */
export type MessageToRender = Pick<Job, 'to' | 'recipient' | 'origin'> & { readonly request: MessageRequest };

/** What would be sent for a message now, over this channel. */
export async function renderFor(tx: Tx, channel: WhatsappChannel, message: MessageToRender): Promise<Rendered> {
  const quotedMessageId = await findQuotedMessage(tx, channel, message);
  return renderMessage(message.request, addressOf(message.to ?? '', message.recipient), quotedMessageId);
}

/** The provider's id of the message that this one answers; null = it quotes none, or one that is unknown here. */
async function findQuotedMessage(
  tx: Tx,
  channel: WhatsappChannel,
  { origin, request }: MessageToRender,
): Promise<string | null> {
  const { quoteReplies } = channel.settings;
  const { activity = null } = request;
  const quotation = activity === null ? null : readQuotation({ activity, isOfBot: origin === 'bot', quoteReplies });
  if (quotation === null) return null;
  if ('providerMessageId' in quotation) return quotation.providerMessageId;
  return findFirstProviderMessageId(tx, { jobId: quotation.jobId, channelId: channel.id });
}
