import { kindOfIdentity } from '../identity/identity.ts';

/** JSON that came from outside: an activity or a part of one, of whose members nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member only: a name that comes from outside must not reach the prototype. */
export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The member's text without outer blanks; empty where it is absent, null or no text. */
export function textOf(object: JsonObject, name: string): string {
  const value = memberOf(object, name);
  return typeof value === 'string' ? value.trim() : '';
}

/**
 * What every Cloud API payload begins with. A user id stands in `recipient`, and a number in `to`: it keeps
 * its plus sign, which Meta recommends (without it a number may be read as national to the sender); only blanks, dots,
 * dashes, slashes and brackets are taken out.
 */
export function addressTo(to: string, isGroup = false) {
  if (isGroup) return { messaging_product: 'whatsapp', recipient_type: 'group', to } as const;
  const address = { messaging_product: 'whatsapp', recipient_type: 'individual' } as const;
  const kind = kindOfIdentity(to);
  if (kind === 'user' || kind === 'parent') return { ...address, recipient: to };
  return { ...address, to: to.replaceAll(/[\s().\-/]/g, '') };
}
