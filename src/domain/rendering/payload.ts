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
 * What every Cloud API payload to one person begins with. `to` keeps its plus sign, which Meta recommends (without it
 * a number may be read as national to the sender); only blanks, dots, dashes, slashes and brackets are taken out.
 */
export function addressTo(to: string) {
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: to.replaceAll(/[\s().\-/]/g, ''),
  } as const;
}
