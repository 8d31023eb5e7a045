/** What Kernel says of one media. */
export interface MediaDescription {
  readonly contentType: string;
  /** Bytes; null = not said. */
  readonly size: number | null;
}

/** Why there is no media to give. `retryAfterMs` null = the upstream did not say when to come back. */
export type MediaFault =
  | { readonly kind: 'missing' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string; readonly retryAfterMs: number | null };

/** Meta's ids of media are digits; other gateways have their own, which stand in a path as they are. */
export function isMediaId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(text);
}
