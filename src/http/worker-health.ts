import type { Registry } from 'prom-client';
import type { CreateId } from '../domain/ids.ts';
import type { Transactions } from '../store/transactions.ts';
import { type CheckTemporal, checkNames, checkReadiness } from '../usecases/check-readiness.ts';
import { probeCacheMs, shareBriefly, shareMetrics } from './probe-cache.ts';
import { type ProbeAnswer, ProbeRefusal, type ProbeServer, startProbeServer } from './probe-server.ts';

/**
 * The worker's own small server: `/livez` (the process answers), `/readyz` (its workers poll, and all that they need answers)
 * and `/metrics` for Prometheus.
 */
export async function startWorkerHealth(options: {
  readonly config: { readonly host: string; readonly metricsPort: number; readonly publicUrl: string };
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly metrics: Registry;
  /** Figures of the Temporal SDK, as text. */
  readonly readSdkMetrics?: () => Promise<string>;
  readonly transactions: Transactions;
  readonly schemaVersion: string;
  readonly isRunning: () => boolean;
  readonly checkTemporal: CheckTemporal;
  readonly wallMs?: () => number;
  /** Replaces `probeCacheMs`. */
  readonly keepMs?: number;
}): Promise<ProbeServer> {
  const { config, metrics, isRunning, keepMs = probeCacheMs } = options;
  const readiness = shareBriefly(async () => {
    // Whether there is a worker, this one knows better than its heartbeats.
    const checkWorkers = () => (isRunning() ? null : 'A worker of this process does not poll.');
    return checkReadiness({ ...options, checkWorkers });
  }, keepMs);

  async function ready(): Promise<ProbeAnswer> {
    const { checks, details } = await readiness();
    const down = checkNames.filter((name) => checks[name] === 'down');
    if (down.length === 0) return json({ status: 'ok', checks });
    throw new ProbeRefusal('service_unavailable', `Down: ${down.join(', ')}.`, { checks, down, details });
  }

  return startProbeServer({
    ...options,
    host: config.host,
    port: config.metricsPort,
    publicUrl: config.publicUrl,
    pages: new Map([
      ['/livez', async () => json({ status: 'ok' })],
      ['/readyz', ready],
      ['/metrics', shareMetrics(metrics, keepMs, options.readSdkMetrics)],
    ]),
  });
}

function json(body: object): ProbeAnswer {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}
