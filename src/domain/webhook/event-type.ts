/** Every type of event, as filters and documents name them. */
export const eventTypes = [
  'message.scheduled',
  'message.held',
  'message.accepted',
  'message.sent',
  'message.delivered',
  'message.read',
  'message.retry_scheduled',
  'message.failed',
  'message.expired',
  'message.cancelled',
  'message.payment',
  'notification.completed',
  'notification.completed_with_errors',
  'notification.failed',
  'notification.expired',
  'notification.cancelled',
  'inbound.received',
  'inbound.failed',
  'inbound.expired',
  'channel.paused',
  'channel.resumed',
  'channel.notice',
  'channel.callbacks_refused',
  'channel.outage_started',
  'channel.outage_ended',
  'webhook.disabled',
  'webhook.exhausted',
  'recipient.identity_changed',
  'recipient.opted_out',
  'recipient.opted_in',
] as const;

/** What stands for all types of one family in a filter, such as `message.*`. */
const eventFamilies = [...new Set(eventTypes.map((type) => `${familyOf(type)}.*`))];

/** What a filter may hold. */
export const eventFilters = [...eventTypes, ...eventFamilies] as const;

/** What a test sends: nothing has happened, so it is in no list of events. */
export const testEventType = 'webhook.test';

/** Events about endpoints: an undeliverable one makes no event of its own, or two dead endpoints would tell each other for ever. */
export function isAboutWebhooks(type: string): boolean {
  return familyOf(type) === 'webhook';
}

function familyOf(type: string): string {
  return type.slice(0, type.indexOf('.'));
}
