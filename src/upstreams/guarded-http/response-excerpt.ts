const maxExcerptBytes = 16 * 1024;
const redacted = '[redacted]';

/**
 * The part of an answer that a record keeps: at most 16 KiB of UTF-8, cut on a character, with the given secrets and
 * every `Bearer …` taken out. Null for an empty answer.
 */
export function excerptResponse(body: string, secrets: readonly string[] = []): string | null {
  return body === '' ? null : cutText(redactSecrets(body, secrets), maxExcerptBytes);
}

/** The text without the secrets, plain or as they stand inside a JSON string, and without bearer tokens. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret === '') continue;
    clean = clean.replaceAll(secret, redacted).replaceAll(JSON.stringify(secret).slice(1, -1), redacted);
  }
  return clean.replace(/\bBearer(\s|%20|\+)+[^\s"'<>\\,;]+/gi, `Bearer ${redacted}`);
}

/** At most so many bytes of UTF-8, never half a character; what Postgres cannot store as text is replaced. */
export function cutText(text: string, maxBytes: number): string {
  // A character is at least one byte, so the slice keeps the encoder from working through megabytes for nothing.
  const bytes = new TextEncoder().encode(text.slice(0, maxBytes)).subarray(0, maxBytes);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true }).replaceAll('\u0000', '?');
}
