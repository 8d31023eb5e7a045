import { type JsonObject, memberOf, textOf } from './payload.ts';

/** The provider's id that an activity's `replyToId` is, or null: other ids are not the provider's to know. */
export function quotedMessageOf(activity: JsonObject): string | null {
  const replyToId = textOf(activity, 'replyToId');
  return /^wamid\.[\w+/=-]{1,500}$/.test(replyToId) ? replyToId : null;
}

/** Only the first of several sends quotes; a `context` of the payload's own stays, and a reaction has none. */
export function quoteMessage(parts: readonly JsonObject[], messageId: string | null): readonly JsonObject[] {
  const [first, ...rest] = parts;
  if (first === undefined || messageId === null || first['type'] === 'reaction') return parts;
  if (memberOf(first, 'context') !== undefined) return parts;
  return [{ ...first, context: { message_id: messageId } }, ...rest];
}
