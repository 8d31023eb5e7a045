import type { DemoState } from './state.ts';

export interface Product {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly apiPort: number;
  readonly metricsPort: number;
}

/**
 * What api and worker are started with: the caller's environment, so that a setting tried out there counts (and a bad one
 * is refused by the product itself), with the demo's own on top. What would point at other servers is left out.
 */
export function buildProductEnvironment(
  inherited: NodeJS.ProcessEnv,
  { adminKey, encryptionKeys }: DemoState,
  place: Product,
): NodeJS.ProcessEnv {
  const usesOwnDatabase = !inherited['DATABASE_URL'];
  const usesOwnTemporal = !inherited['TEMPORAL_ADDRESS'];
  const isKept = (name: string) =>
    name !== 'PUBLIC_URL' &&
    !(usesOwnDatabase && name === 'DATABASE_APP_URL') &&
    !(usesOwnTemporal && name.startsWith('TEMPORAL_'));
  return {
    ...Object.fromEntries(Object.entries(inherited).filter(([name]) => isKept(name))),
    NODE_ENV: 'production',
    DATABASE_URL: place.databaseUrl,
    TEMPORAL_ADDRESS: place.temporalAddress,
    TEMPORAL_UI_URL: place.temporalUiUrl,
    WAYPOST_HOST: '127.0.0.1',
    WAYPOST_PORT: String(place.apiPort),
    WAYPOST_METRICS_PORT: String(place.metricsPort),
    WAYPOST_ADMIN_KEY: adminKey,
    WAYPOST_ENCRYPTION_KEYS: encryptionKeys,
    // The stand-ins are on this machine and speak plain http.
    WAYPOST_ALLOW_HTTP: 'true',
    WAYPOST_ALLOW_NETWORKS: '127.0.0.0/8',
  };
}
