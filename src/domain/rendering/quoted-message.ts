import { isId } from '../ids.ts';
import { type JsonObject, memberOf, textOf } from './payload.ts';

/** What an activity answers: a message by the provider's id, or by that of the job here which sent or received it. */
export type Quotation = { readonly providerMessageId: string } | { readonly jobId: string };

/**
 * Reads the `replyToId`; null = nothing is to be quoted, also where the id is of another kind. Bot SDKs set it on every
 * reply, so that a bot's count only where its channel says so (`quoteReplies`).
 */
export function readQuotation(input: {
  readonly activity: JsonObject;
  readonly isOfBot: boolean;
  readonly quoteReplies: boolean;
}): Quotation | null {
  if (input.isOfBot && !input.quoteReplies) return null;
  const replyToId = textOf(input.activity, 'replyToId');
  if (/^wamid\.[\w+/=-]{1,500}$/.test(replyToId)) return { providerMessageId: replyToId };
  return isId('message', replyToId) || isId('inbound', replyToId) ? { jobId: replyToId } : null;
}

/** Only the first of several sends quotes; a `context` of the payload's own stays, and a reaction has none. */
export function quoteMessage(parts: readonly JsonObject[], messageId: string | null): readonly JsonObject[] {
  const [first, ...rest] = parts;
  if (first === undefined || messageId === null || first['type'] === 'reaction') return parts;
  if (memberOf(first, 'context') !== undefined) return parts;
  return [{ ...first, context: { message_id: messageId } }, ...rest];
}
