/** The text, cut to at most `maxChars` UTF-16 units with `…` as the last; never leaves half a surrogate pair. */
export function boundText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const kept = text.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
