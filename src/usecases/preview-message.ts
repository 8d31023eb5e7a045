import type { MessageRequest } from '../domain/message/request.ts';
import { Refusal } from '../domain/problems/refusal.ts';
import type { JsonObject } from '../domain/rendering/payload.ts';
import type { ChannelStore } from '../store/channels.ts';
import { findKnown } from '../store/people.ts';
import { renderFor } from '../store/rendered-messages.ts';
import type { Tx } from '../store/transactions.ts';
import { chooseChannel } from './accept-message.ts';

export interface PreviewMessage {
  /**
   * The payloads that Kernel would be sent, in their order, without our correlation and with a placeholder for the ids of
   * files that are to be uploaded; none = an activity of which nothing is sent. Refuses with `channel_not_found`, `invalid_request`
   * and `rendering_failed`. Nothing is stored.
   */
  (
    tx: Tx,
    message: { readonly channelId: string | null; readonly to: string; readonly request: MessageRequest },
  ): Promise<readonly JsonObject[]>;
}

export function createPreviewMessage({ channels }: { readonly channels: ChannelStore }): PreviewMessage {
  return async (tx, { channelId, to, request }) => {
    const channel = await chooseChannel(tx, channels, channelId);
    const recipient = await findKnown(tx, to);
    const rendered = await renderFor(tx, channel, { to, recipient, origin: 'api', request });
    if (rendered.kind === 'skipped') return [];
    if (rendered.kind === 'parts') return rendered.parts;
    const { code, detail, errors } = rendered.failure;
    throw new Refusal(code, detail, { errors });
  };
}
