/** An address that the provider, or the user's browser, can fetch; null = it is none. Only odd signs are rewritten. */
export function readWebLink(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const link = value.trim();
  if (!/^https?:\/\//i.test(link) || !URL.canParse(link)) return null;
  return /^https?:\/\/[!-~]+$/.test(link) ? link : new URL(link).href;
}

/** What is wrong with an address that should be a web link, in a sentence. */
export function describeBadLink(value: unknown): string {
  return typeof value === 'string' && /^\s*data:/i.test(value)
    ? 'A data URI cannot be sent; put the file on a web server and give its http or https link.'
    : 'The file needs an http or https link.';
}
