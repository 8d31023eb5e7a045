import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram } from 'prom-client';
import { Refusal } from '../domain/problems/refusal.ts';
import type { AppDependencies } from './app-dependencies.ts';
import { gaugeBacklog } from './backlog-gauges.ts';
import { gaugeRetention } from './retention-gauge.ts';
import { createShedCounter } from './shed-counter.ts';

type MetricsDependencies = Pick<
  AppDependencies,
  'metrics' | 'transactions' | 'dispatcher' | 'poolCounts' | 'retentionDays' | 'clock'
>;

/** Around the accept time that is promised (13 ms), and up to the statement time-out. */
const durationBucketsSeconds = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** Measures every answer by the route's template, and says at each scrape what waits. */
export function measureRequests(app: FastifyInstance, dependencies: MetricsDependencies): void {
  const durations = new Histogram({
    name: 'waypost_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBucketsSeconds,
    registers: [dependencies.metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    durations.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  const countShed = createShedCounter(dependencies.metrics);
  app.addHook('onError', async (_request, _reply, error) => {
    if (error instanceof Refusal && error.code === 'too_many_waiting_jobs') countShed('waiting_jobs');
    if (error instanceof Refusal && error.code === 'too_many_held_jobs') countShed('held_jobs');
  });
  gaugeProcess(dependencies);
  gaugeBacklog(dependencies);
  gaugeRetention(dependencies);
}

function gaugeProcess({ metrics, dispatcher, poolCounts }: MetricsDependencies): void {
  new Gauge({
    name: 'waypost_starter_queue_jobs',
    help: 'Due jobs of this process that wait to be started',
    registers: [metrics],
    collect() {
      this.set(dispatcher.queueLength());
    },
  });
  new Gauge({
    name: 'waypost_postgres_connections',
    help: 'Connections of this process, and callers that wait for one',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      for (const [state, count] of Object.entries(poolCounts())) this.set({ state }, count);
    },
  });
}
