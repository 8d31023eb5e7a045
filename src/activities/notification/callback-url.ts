import { appendPath } from '../../upstreams/guarded-http/append-path.ts';

/** Where an integration, by its base URL, takes errors. */
export function callbackUrl(baseUrl: string): string {
  return appendPath(baseUrl, 'notifications', 'errors');
}

/** On whose account an integrator is called. */
export function ownerOf(tenantId: string, { name }: { readonly name: string }) {
  return { tenantId, destination: `integrator ${name}` };
}
