import type { MessageRequest } from '../message/request.ts';
import { renderActivity } from './render-activity.ts';
import { renderNative } from './render-native.ts';
import type { Rendered } from './rendered.ts';

/**
 * Renders what a message asks for: a bot's activity, or a native Cloud API object, which has a `context` of its own where
 * it quotes. `to` = the recipient as given; `quotedMessageId` as for an activity.
 */
export function renderMessage(request: MessageRequest, to: string, quotedMessageId: string | null): Rendered {
  const isGroup = request.recipientType === 'group';
  if (request.whatsapp !== undefined) {
    return renderNative({ whatsapp: request.whatsapp, to, isGroup, pointer: '/whatsapp' });
  }
  return renderActivity({ activity: request.activity ?? {}, to, isGroup, quotedMessageId });
}
