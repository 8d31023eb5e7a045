import { addressTo, isJsonObject, type JsonObject, memberOf } from './payload.ts';
import type { Rendered } from './rendered.ts';
import { renderingFailure } from './rendering-failure.ts';

/** `pointer` = where the native object stands in what the caller sent, e.g. `/whatsapp`. */
export interface NativeInput {
  readonly whatsapp: unknown;
  readonly to: string;
  readonly isGroup?: boolean;
  readonly pointer: string;
}

/**
 * Passes a native Cloud API object through. It must have a `type` and the member of that name; the provider judges the
 * rest. Addressing is always ours: who the message goes to cannot be changed from inside.
 */
export function renderNative({ whatsapp, to, isGroup = false, pointer }: NativeInput): Rendered {
  if (!isJsonObject(whatsapp)) return failed('The native message must be an object.', pointer);
  const type = memberOf(whatsapp, 'type');
  if (typeof type !== 'string' || type === '') {
    return failed('The native message needs a type, such as "template".', `${pointer}/type`);
  }
  const content = memberOf(whatsapp, type);
  if (typeof content !== 'object' || content === null) {
    return failed('The native message needs the member that its type names.', `${pointer}/${escapePointer(type)}`);
  }
  return { kind: 'parts', parts: [{ ...withoutOurs(whatsapp), ...addressTo(to, isGroup) }], files: [] };
}

/** Statuses are matched by our own correlation, so a foreign one must not ride along, nor an address: with both, Meta takes `to`. */
const ours: ReadonlySet<string> = new Set(['biz_opaque_callback_data', 'to', 'recipient', 'recipient_type']);

function withoutOurs(whatsapp: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(whatsapp).filter(([name]) => !ours.has(name)));
}

/** RFC 6901 §3. */
function escapePointer(token: string): string {
  return token.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}

function failed(detail: string, pointer: string): Rendered {
  return { kind: 'failed', failure: renderingFailure([{ detail, pointer }]) };
}
