import type { Closing } from '../demo/closing.ts';
import type { Kernel } from '../demo/stand-ins/kernel-interface.ts';
import type { PostgresServer } from '../dev/postgres-server.ts';
import { startStack } from '../dev/stack.ts';
import type { TemporalServer } from '../dev/temporal-server.ts';
import { type Caller, createCaller } from '../test/support/caller.ts';
import { openProduct, type Product, type RunningProcess } from '../test/support/product-fixture.ts';
import { startWebhookSink } from '../test/support/webhook-sink.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { integrationName, knownUsers, merchantId } from './workload.ts';

/** Everything that is broken in a run, and the tenant whose traffic has to survive it. */
export interface Surroundings {
  readonly postgres: PostgresServer;
  readonly temporal: TemporalServer;
  readonly place: Product;
  readonly kernel: Kernel;
  readonly sink: Awaited<ReturnType<typeof startWebhookSink>>;
  readonly tenant: Caller & { readonly tenantId: string };
  /** Both are replaced when they were killed. */
  readonly fleet: { api: RunningProcess; workers: RunningProcess[] };
}

/** Short enough for a run, long enough for an outage of five seconds. */
const retrySchedule = [0, 1, 2, 3, 5, 5, 5, 10, 10, 10];

/** Servers of its own, built processes, one tenant with channel, integration, directory and a webhook endpoint. */
export async function openSurroundings(
  closing: Closing,
  options: {
    readonly misbehaviour: Misbehaviour;
    /** Whose processes are there first; null = ours. */
    readonly checkout: string | null;
    readonly log: (line: string) => void;
  },
): Promise<Surroundings> {
  const { misbehaviour, log, checkout } = options;
  // The user's own servers, if there are any, are not ours to kill.
  delete process.env['TEMPORAL_ADDRESS'];
  delete process.env['DATABASE_URL'];
  const { postgres, temporal } = await closing.open(() => startStack({ name: 'chaos', fresh: true, log }));
  if (postgres === null) throw new Error('The chaos driver needs a Postgres of its own.');
  const sink = await closing.open(() => startWebhookSink());
  const place = await openProduct({
    serverUrl: postgres.url,
    temporalAddress: temporal.address,
    decide: (send) => misbehaviour.decide(send),
  });
  await closing.open(() => ({ stop: () => place.close() }));
  const api = await startApi(place, checkout);
  const workers = [await startWorker(place, checkout), await startWorker(place, checkout)];
  const made = await place.makeTenant();
  const tenant = { ...createCaller(place.apiUrl, made.key), tenantId: made.tenantId };
  await place.makeChannel(made, {
    retryInitialMs: 200,
    retryMaxMs: 2_000,
    ambiguousWindowMs: 1_500,
    statusWindowSeconds: 60,
    numRetries: 20,
    ratePerSecond: 1_000,
  });
  await setUpNotifications(made, place);
  await made.ask('POST /v1/webhooks', { url: `${sink.url}/chaos`, retrySchedule });
  return { postgres, temporal, place, kernel: place.kernel, sink, tenant, fleet: { api, workers } };
}

/** `checkout` = of another release; null = ours. */
export function startApi(place: Product, checkout: string | null = null): Promise<RunningProcess> {
  return place.startApi({ LOG_LEVEL: 'warn' }, checkout ?? undefined);
}

export function startWorker(place: Product, checkout: string | null = null): Promise<RunningProcess> {
  return place.startWorker({ LOG_LEVEL: 'warn' }, checkout ?? undefined);
}

async function setUpNotifications(tenant: Caller, place: Product): Promise<void> {
  const { url } = place.integrator;
  const secret = place.integratorSecret;
  await tenant.ask('POST /v1/integrations', { name: integrationName, url, secret, retrySchedule });
  const path = `/v1/directory/merchants/${merchantId}`;
  await tenant.ask(`PUT ${path}`, { name: 'Chaos', active: true });
  const user = { active: true, roles: ['user'], language: 'en', push: { enabled: false, tokens: [] } };
  for (const userId of knownUsers) await tenant.ask(`PUT ${path}/users/${userId}`, user);
}
