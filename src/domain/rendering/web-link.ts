/** An address that the provider, or the user's browser, can fetch; null = it is none. Only odd signs are rewritten. */
export function readWebLink(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const link = value.trim();
  if (!/^https?:\/\//i.test(link) || !URL.canParse(link)) return null;
  return /^https?:\/\/[!-~]+$/.test(link) ? link : new URL(link).href;
}
