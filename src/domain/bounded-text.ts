/** The text as JSON and Postgres can hold it: U+FFFD in the place of each NUL and each half of a surrogate pair. */
export function mendText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

/** The text, mended and cut to at most `maxChars` UTF-16 units with `…` as the last; never leaves half a surrogate pair. */
export function boundText(given: string, maxChars: number): string {
  const text = mendText(given);
  if (text.length <= maxChars) return text;
  const kept = text.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** Bytes of the text in UTF-8; half a surrogate pair counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
