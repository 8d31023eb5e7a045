import type { Registry } from 'prom-client';
import type { CreateId } from '../domain/ids.ts';
import { probeCacheMs, shareMetrics } from './probe-cache.ts';
import { type ProbeServer, startProbeServer } from './probe-server.ts';

/** Shows an api's figures on a port of their own, inside the network; `port` null = they are among its routes. */
export async function startMetricsServer(options: {
  readonly host: string;
  readonly port: number | null;
  readonly publicUrl: string;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly metrics: Registry;
}): Promise<ProbeServer | null> {
  const { port, metrics } = options;
  if (port === null) return null;
  const pages = new Map([['/metrics', shareMetrics(metrics, probeCacheMs)]]);
  return startProbeServer({ ...options, port, pages });
}
