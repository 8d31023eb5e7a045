import { conversationIdOf } from '../bot-address.ts';
import { nameOfIdentity } from '../identity/identity.ts';

/**
 * The Bot Framework activity around one KPI event. The bot SDKs refuse an activity without `conversation`, so it always
 * has one: the message's own, else one made of channel and recipient, which can stand in a URL.
 */
export function buildKpiActivity(input: {
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly channel: { readonly id: string; readonly settings: { readonly phoneNumberId: string } };
  readonly serviceUrl: string;
}): object {
  const { id, value, channel } = input;
  const to = typeof value['to'] === 'string' ? value['to'] : '';
  return {
    type: 'event',
    name: 'waypost.kpi',
    id,
    timestamp: value['occurredAt'],
    channelId: 'whatsapp',
    from: { id: nameOfIdentity(to) },
    recipient: { id: channel.settings.phoneNumberId },
    conversation: {
      id: typeof value['conversationId'] === 'string' ? value['conversationId'] : conversationIdOf(channel.id, to),
    },
    serviceUrl: input.serviceUrl,
    value,
  };
}
