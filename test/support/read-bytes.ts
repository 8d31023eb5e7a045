/** All bytes and texts of a value as one text, however deep they lie. */
export function readBytes(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(readBytes).join('\n');
  return typeof value === 'string' ? value : '';
}
