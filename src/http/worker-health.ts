import { createServer } from 'node:http';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { countWaitingJobs, listKpiBacklog } from '../store/cross-tenant.ts';
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
  readonly transactions: Transactions;
  readonly isRunning: () => boolean;
  readonly isTemporalUp: () => Promise<boolean>;
}): Promise<WorkerHealth> {
  const registry = createRegistry(options.transactions);
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
    try {
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    } catch {
      // Gauges ask the database; without it there is nothing true to say.
      return json(503, { status: 'postgres is down' });
    }
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

function createRegistry(transactions: Transactions): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const waiting = new Gauge({
    name: 'waypost_jobs_due',
    help: 'Jobs that are due and not taken up yet, by kind',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      waiting.reset();
      oldest.reset();
      for (const row of await transactions.acrossTenants(countWaitingJobs)) {
        waiting.set({ kind: row.kind }, row.due);
        oldest.set({ kind: row.kind }, row.oldestDueSeconds);
      }
    },
  });
  const oldest = new Gauge({
    name: 'waypost_job_oldest_due_seconds',
    help: 'How long the oldest of them has been due',
    labelNames: ['kind'],
    registers: [registry],
  });
  const backlog = new Gauge({
    name: 'waypost_kpi_events_due',
    help: 'KPI events that are due and not delivered yet, all channels',
    registers: [registry],
    async collect() {
      const rows = await transactions.acrossTenants(listKpiBacklog);
      backlog.set(rows.reduce((sum, row) => sum + row.due, 0));
    },
  });
  return registry;
}
