import { appendPath } from '../../upstreams/guarded-http/append-path.ts';

/** Where an integration, by its base URL, takes errors. */
export function callbackUrl(baseUrl: string): string {
  return appendPath(baseUrl, 'notifications', 'errors');
}
