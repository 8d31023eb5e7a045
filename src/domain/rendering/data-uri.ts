/** A file that stands in an address itself (RFC 2397). */
export interface DataUri {
  /** In lower case and without parameters; empty = the address does not say. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export function isDataUri(value: unknown): value is string {
  return typeof value === 'string' && /^\s*data:/i.test(value);
}

/** Null = it cannot be read. Its length is bounded by that of the message, which is checked at the door. */
export function parseDataUri(uri: string): DataUri | null {
  const comma = uri.indexOf(',');
  if (comma === -1) return null;
  const [contentType = '', ...parameters] = uri
    .slice(uri.indexOf(':') + 1, comma)
    .split(';')
    .map((each) => each.trim().toLowerCase());
  if (contentType !== '' && !/^[\w.+-]+\/[\w.+-]+$/.test(contentType)) return null;
  const data = uri.slice(comma + 1).trim();
  const bytes = parameters.at(-1) === 'base64' ? decodeBase64(data) : decodePercents(data);
  return bytes === null ? null : { contentType, bytes };
}

/** Also in the alphabet for URLs, over several lines, with its signs percent-encoded, and without its padding. */
function decodeBase64(data: string): Uint8Array | null {
  const text = data
    .replaceAll(/%2b/gi, '+')
    .replaceAll(/%2f/gi, '/')
    .replaceAll(/%3d/gi, '=')
    .replaceAll(/%0[ad]|%20|\s/gi, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text);
  return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
}

function decodePercents(data: string): Uint8Array | null {
  const signs = new TextEncoder().encode(data);
  const bytes: number[] = [];
  for (let at = 0; at < signs.length; at += 1) {
    const sign = signs[at] ?? 0;
    if (sign !== percentSign) {
      bytes.push(sign);
      continue;
    }
    const digits = String.fromCharCode(signs[at + 1] ?? 0, signs[at + 2] ?? 0);
    if (!/^[\da-f]{2}$/i.test(digits)) return null;
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return Uint8Array.from(bytes);
}

const percentSign = 0x25;
