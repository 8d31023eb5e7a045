import { Gauge, type Registry } from 'prom-client';
import { queueNames } from '../contracts/workflows.ts';
import { isThere } from '../domain/workers.ts';
import { countKpiBacklog, countParkedStatuses, countWaitingJobs, countWebhookBacklog } from '../store/cross-tenant.ts';
import { countOpenBreakers } from '../store/destination-breakers.ts';
import { readEventFeedLagSeconds } from '../store/event-high-water-mark.ts';
import type { Transactions } from '../store/transactions.ts';
import { listWorkers } from '../store/workers.ts';

/** Says at each scrape what is stored and waits: the same in the api and in the worker. */
export function gaugeBacklog(dependencies: { readonly metrics: Registry; readonly transactions: Transactions }): void {
  const { metrics, transactions } = dependencies;
  const oldest = new Gauge({
    name: 'waypost_job_oldest_due_seconds',
    help: 'How long the oldest of them has been due',
    labelNames: ['kind'],
    registers: [metrics],
  });
  new Gauge({
    name: 'waypost_jobs_due',
    help: 'Jobs that are due and not taken up yet, by kind; counted up to 100,000',
    labelNames: ['kind'],
    registers: [metrics],
    async collect() {
      this.reset();
      oldest.reset();
      const counts = await orNothing(() => transactions.acrossTenants(countWaitingJobs));
      for (const { kind, due, oldestDueSeconds } of counts) {
        this.set({ kind }, due);
        oldest.set({ kind }, oldestDueSeconds);
      }
    },
  });
  const dueKpi = new Gauge({
    name: 'waypost_kpi_events_due',
    help: 'KPI events that are due and not delivered yet, all channels; counted up to 100,000',
    registers: [metrics],
  });
  const oldestKpi = new Gauge({
    name: 'waypost_kpi_event_oldest_seconds',
    help: 'How old the oldest undelivered KPI event is',
    registers: [metrics],
  });
  new Gauge({
    name: 'waypost_kpi_events_undelivered',
    help: 'KPI events that no sink has taken yet, those that wait for another try included; counted up to 100,000',
    registers: [metrics],
    async collect() {
      const [backlog] = await orNothing(async () => [await transactions.acrossTenants(countKpiBacklog)]);
      dueKpi.set(backlog?.due ?? 0);
      this.set(backlog?.undelivered ?? 0);
      oldestKpi.set(backlog?.oldestSeconds ?? 0);
    },
  });
  new Gauge({
    name: 'waypost_provider_statuses_parked',
    help: 'Statuses of messages that are not known here (yet); dropped after a day; counted up to 100,000',
    registers: [metrics],
    async collect() {
      const [parked = 0] = await orNothing(async () => [await transactions.acrossTenants(countParkedStatuses)]);
      this.set(parked);
    },
  });
  new Gauge({
    name: 'waypost_event_feed_lag_seconds',
    help: 'How long the oldest committed event has been kept from readers by a writer before it that has not ended',
    registers: [metrics],
    async collect() {
      const [lag = 0] = await orNothing(async () => [await transactions.acrossTenants(readEventFeedLagSeconds)]);
      this.set(lag);
    },
  });
  new Gauge({
    name: 'waypost_open_breakers',
    help: 'Destinations that cannot be reached, so that their messages wait: numbers at Kernel, and bots',
    labelNames: ['destination'],
    registers: [metrics],
    async collect() {
      for (const destination of ['kernel', 'bot']) this.set({ destination }, 0);
      for (const { destination, count } of await orNothing(() => transactions.acrossTenants(countOpenBreakers)))
        this.set({ destination }, count);
    },
  });
  new Gauge({
    name: 'waypost_workers',
    help: 'Worker processes that serve a queue: they said so within the last 45 s, and did not leave',
    labelNames: ['queue'],
    registers: [metrics],
    async collect() {
      const workers = (await orNothing(() => transactions.acrossTenants(listWorkers))).filter(isThere);
      for (const queue of queueNames)
        this.set({ queue }, workers.filter(({ queues }) => queues.includes(queue)).length);
    },
  });
  gaugeWebhooks(dependencies);
}

function gaugeWebhooks({ metrics, transactions }: Parameters<typeof gaugeBacklog>[0]): void {
  const oldest = new Gauge({
    name: 'waypost_webhook_oldest_seconds',
    help: 'How long the oldest of them has been waiting',
    labelNames: ['state'],
    registers: [metrics],
  });
  new Gauge({
    name: 'waypost_webhook_deliveries_waiting',
    help: 'What waits for enabled webhook endpoints: retries that are due, and events that were not tried yet; counted up to 100,000, and 10,000 of each endpoint',
    labelNames: ['state'],
    registers: [metrics],
    async collect() {
      this.reset();
      oldest.reset();
      for (const { state, waiting, oldestSeconds } of await orNothing(() =>
        transactions.acrossTenants(countWebhookBacklog),
      )) {
        this.set({ state }, waiting);
        oldest.set({ state }, oldestSeconds);
      }
    },
  });
}

/** Without a database the other figures are needed most: the scrape goes on, and /readyz says that Postgres is down. */
async function orNothing<Row>(load: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await load();
  } catch {
    return [];
  }
}
