import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { WaypostEvent } from './event-stream.ts';

/** `@waypost/client/webhooks`, apart from the rest because a page in a browser has no use for it. */
export { WebhookVerificationError };
export type { WaypostEvent };

export interface ReceivedWebhook {
  /** The body as it came, byte by byte: what was parsed and written again has another signature. */
  readonly body: string | Uint8Array;
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The endpoint's `whsec_…`; several while one replaces another. */
  readonly secrets: readonly string[];
}

const headerNames = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/**
 * The event of a call that Waypost made; anybody else's, a changed one and one older than five minutes throws
 * `WebhookVerificationError`: answer it with 401. Events come at least once: tell a repetition by the event's `id`.
 */
export function verifyWebhook({ body, headers, secrets }: ReceivedWebhook): WaypostEvent {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const given = Object.fromEntries(headerNames.map((name) => [name, readHeader(headers, name)]));
  let refusal: unknown = new WebhookVerificationError('No secret was given.');
  for (const secret of secrets) {
    try {
      // What is signed with the endpoint's secret is an event of Waypost's.
      return new Webhook(secret).verify(text, given) as WaypostEvent;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

function readHeader(headers: ReceivedWebhook['headers'], name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? '';
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
