const maxRetryAfterMs = 24 * 60 * 60 * 1000;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds between 0 and 24 h; null when absent or unreadable.
 * Both forms of RFC 9110 §10.2.3: seconds, or an HTTP date in any of its three notations.
 */
export function parseRetryAfterMs(value: string | null, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return clampWait(Number(text) * 1000);
  const dateMs = parseHttpDateMs(text);
  return dateMs === null ? null : clampWait(dateMs - nowMs);
}

function parseHttpDateMs(text: string): number | null {
  // The week day in front tells a date from the many other things that Date.parse would guess at.
  if (text.length > 40 || !/^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i.test(text)) return null;
  const ms = Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(ms) ? null : ms;
}

function clampWait(ms: number): number {
  return Math.min(Math.max(ms, 0), maxRetryAfterMs);
}
