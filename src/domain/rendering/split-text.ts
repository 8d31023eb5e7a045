const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Cuts a text into parts of at most `maxChars` UTF-16 code units, which is never more than what the provider counts.
 * Joined, the parts are the text again. A cut falls after a line, else after a word, else between graphemes; only a
 * single grapheme longer than a part is cut inside, between code points. `maxChars` is at least 2.
 */
export function splitText(text: string, maxChars: number): string[] {
  if (text.length <= maxChars) return [text];
  const segments = graphemes.segment(text);
  const parts: string[] = [];
  let start = 0;
  while (text.length - start > maxChars) {
    const end = cutBefore(text, segments, start, start + maxChars);
    parts.push(text.slice(start, end));
    start = end;
  }
  return [...parts, text.slice(start)];
}

/** The best place for a cut in (start, limit]. A break in the first half would leave a needlessly short part. */
function cutBefore(text: string, segments: Intl.Segments, start: number, limit: number): number {
  const middle = start + (limit - start) / 2;
  for (const mark of ['\n', ' ']) {
    const afterMark = text.lastIndexOf(mark, limit - 1) + 1;
    if (afterMark > middle && isBoundary(segments, afterMark)) return afterMark;
  }
  const grapheme = segments.containing(limit)?.index ?? limit;
  if (grapheme > start) return grapheme;
  const isInsidePair = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(limit));
  return isInsidePair ? limit - 1 : limit;
}

/** False where a mark combines with the blank before it. */
function isBoundary(segments: Intl.Segments, index: number): boolean {
  return segments.containing(index)?.index === index;
}
