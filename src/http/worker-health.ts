import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import type { Transactions } from '../store/transactions.ts';

export interface WorkerHealth {
  stop(): Promise<void>;
}

/**
 * The worker's own small server: `/livez` (the process answers), `/readyz` (its workers poll and Postgres answers), and
 * `/metrics` for Prometheus.
 */
export async function startWorkerHealth(options: {
  readonly host: string;
  readonly port: number;
  readonly metrics: Registry;
  readonly transactions: Transactions;
  readonly isRunning: () => boolean;
  readonly isTemporalUp: () => Promise<boolean>;
}): Promise<WorkerHealth> {
  const { metrics } = options;
  const server = createServer((request, response) => {
    void answer(request.url ?? '/').then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    });
  });

  async function answer(url: string): Promise<{ status: number; type: string; body: string }> {
    const path = url.split('?')[0];
    if (path === '/livez') return json(200, { status: 'ok' });
    if (path === '/readyz') return ready();
    if (path !== '/metrics') return json(404, { status: 'not_found' });
    return { status: 200, type: metrics.contentType, body: await metrics.metrics() };
  }

  async function ready() {
    const [postgres, temporal] = await Promise.all([isPostgresUp(options.transactions), options.isTemporalUp()]);
    const workers = options.isRunning();
    const checks = { postgres: word(postgres), temporal: word(temporal), workers: word(workers) };
    const isReady = postgres && temporal && workers;
    return json(isReady ? 200 : 503, { status: isReady ? 'ok' : 'down', checks });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function json(status: number, body: object) {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

function word(isUp: boolean): string {
  return isUp ? 'ok' : 'down';
}

async function isPostgresUp(transactions: Transactions): Promise<boolean> {
  try {
    await transactions.acrossTenants((tx) => tx.query({ text: 'select 1' }));
    return true;
  } catch {
    return false;
  }
}
