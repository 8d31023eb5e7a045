import { randomBytes } from 'node:crypto';

export interface Product {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly apiPort: number;
  readonly metricsPort: number;
  readonly adminKey: string;
}

/** What sink, floor and product have in common: of the caller's environment only what points at the servers to use. */
export function buildTemporalEnvironment(
  inherited: NodeJS.ProcessEnv,
  temporalAddress: string,
): Record<string, string> {
  const usesGivenTemporal = Boolean(inherited['TEMPORAL_ADDRESS']);
  const isKept = (name: string) =>
    name === 'PATH' || name === 'HOME' || (usesGivenTemporal && name.startsWith('TEMPORAL_'));
  const kept = Object.entries(inherited).flatMap(([name, value]) =>
    value !== undefined && isKept(name) ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(kept), NODE_ENV: 'production', TEMPORAL_ADDRESS: temporalAddress };
}

/** What api and worker are started with: production's settings, and leave to call the sink over plain http on loopback. */
export function buildProductEnvironment(inherited: NodeJS.ProcessEnv, place: Product): Record<string, string> {
  const appUrl = inherited['DATABASE_URL'] ? inherited['DATABASE_APP_URL'] : undefined;
  return {
    ...buildTemporalEnvironment(inherited, place.temporalAddress),
    DATABASE_URL: place.databaseUrl,
    ...(appUrl !== undefined && { DATABASE_APP_URL: appUrl }),
    TEMPORAL_UI_URL: place.temporalUiUrl,
    WAYPOST_HOST: '127.0.0.1',
    WAYPOST_PORT: String(place.apiPort),
    WAYPOST_METRICS_PORT: String(place.metricsPort),
    WAYPOST_ADMIN_KEY: place.adminKey,
    WAYPOST_ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    WAYPOST_ALLOW_HTTP: 'true',
    WAYPOST_ALLOW_NETWORKS: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
  };
}
