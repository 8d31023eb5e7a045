export type JsonObject = Readonly<Record<string, unknown>>;

/** The bytes as a JSON object; null when they are none. */
export function parseObject(bytes: Buffer): JsonObject | null {
  try {
    return toObject(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null; // not JSON: the caller answers for it
  }
}

export function toObject(value: unknown): JsonObject | null {
  // An object that is no list has string keys and unknown values: that is all the cast says.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
