import { eventTypes } from '../domain/webhook/event-type.ts';

const jobEvent = /^(?:message\.(?!payment)|notification\.|inbound\.)/;
const channelEvent = /^channel\.(?:paused|resumed|outage_started|outage_ended)$/;

/** One for each type of event: what a subscriber is posted. */
export interface EventOperation {
  readonly post: { readonly requestBody: { readonly content: Record<string, { readonly schema: unknown }> } };
}

/** The `webhooks` section. A document that lacks the component which an event shows does not name it. */
export function describeEvents(schemas: Readonly<Record<string, unknown>>): Record<string, EventOperation> {
  return Object.fromEntries(eventTypes.map((type) => [type, describeEvent(type, schemas)]));
}

function describeEvent(type: string, schemas: Readonly<Record<string, unknown>>): EventOperation {
  const component = componentOf(type);
  const isKnown = component !== null && component in schemas;
  const envelope = {
    type: 'object',
    required: ['id', 'type', 'timestamp', 'data'],
    properties: {
      id: { type: 'string', description: 'The same on every try: it is the `webhook-id`' },
      type: { const: type },
      timestamp: { type: 'string', description: 'RFC 3339, UTC, with milliseconds' },
      data: isKnown ? { $ref: `#/components/schemas/${component}` } : { type: 'object' },
    },
  };
  const operation = {
    operationId: `on-${type}`,
    tags: ['webhooks'],
    summary: `The event ${type}`,
    description: 'Signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`). At least once.',
    requestBody: { required: true, content: { 'application/json': { schema: envelope } } },
    responses: { '204': { description: 'Any 2xx: it was taken' }, default: { description: 'It is sent again' } },
  };
  return { post: operation };
}

function componentOf(type: string): string | null {
  if (jobEvent.test(type)) return 'Job';
  if (channelEvent.test(type)) return 'Channel';
  if (type.startsWith('webhook.')) return 'Webhook';
  return type === 'channel.notice' ? 'Notice' : null;
}
