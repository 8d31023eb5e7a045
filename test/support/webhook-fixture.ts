import { randomBytes } from 'node:crypto';
import { createRelay } from '../../src/activities/destinations/index.ts';
import { newWebhook } from '../../src/contracts/http/webhooks.ts';
import type { Delivery } from '../../src/domain/delivery/delivery.ts';
import { listEvents } from '../../src/store/events.ts';
import { listWebhookDeliveries } from '../../src/store/webhook-lists.ts';
import { createBotClient } from '../../src/upstreams/bot/bot-client.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createWebhookClient } from '../../src/upstreams/webhook/webhook-client.ts';
import { createWebhookConfigurer } from '../../src/usecases/configure-webhook.ts';
import { createReplayWebhook } from '../../src/usecases/replay-webhook.ts';
import { aCaller } from './a-caller.ts';
import { openDeliveryFixture } from './delivery-fixture.ts';
import { startWebhookSink } from './webhook-sink.ts';

const patienceMs = 2_000;

export type WebhookFixture = Awaited<ReturnType<typeof openWebhookFixture>>;

/** Deliveries with a subscriber: endpoints, and their relay without Temporal. */
export async function openWebhookFixture() {
  const place = await openDeliveryFixture();
  const sink = await startWebhookSink();
  const { stores, tenantId, clock } = place;
  const { transactions, webhooks, highWaterMark } = stores;
  const by = aCaller(tenantId);
  const nowMs = () => clock().getTime();
  const configurer = createWebhookConfigurer({
    ...stores,
    urlGuard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    clock,
    randomBytes,
  });
  const replays = createReplayWebhook({ ...stores, clock });
  const logged: Record<string, unknown>[] = [];
  /** The worker shuts down. */
  const worker = { isStopping: false };
  const relayOnce = createRelay({
    ...stores,
    bot: createBotClient({ http: place.http }),
    webhookClient: createWebhookClient({ http: place.http, nowMs, timeoutMs: 1_000 }),
    publicUrl: 'https://waypost.test',
    clock,
    random: () => 0.5,
    // Its pauses pass at once.
    sleep: async (ms) => place.skip(ms),
    heartbeat: () => undefined,
    isStopping: () => worker.isStopping,
    info: (fields) => logged.push(fields),
  });
  let pathCount = 0;

  const pageOf = async (after: bigint, settled: bigint, filter: readonly string[] | null = null) =>
    transactions.withTenant(tenantId, (tx) => listEvents(tx, { after, settled, filter, limit: 1_000 }));

  return {
    ...place,
    sink,
    by,
    configurer,
    replays,
    logged,
    worker,
    async addWebhook(members: Readonly<Record<string, unknown>> = {}) {
      const path = `/hook-${(pathCount += 1)}`;
      const wanted = newWebhook.parse({ url: `${sink.url}${path}`, ...members });
      const { webhook, secret } = await transactions.withTenant(tenantId, (tx) => configurer.create(tx, by, wanted));
      return { id: webhook.id, path, secret };
    },
    /** As the activity does, once all that is committed is settled. */
    async relay(webhookId: string) {
      await highWaterMark.read(patienceMs);
      return relayOnce({ tenantId, kind: 'webhook', endpointId: webhookId });
    },
    findWebhook: async (id: string) =>
      (await transactions.withTenant(tenantId, (tx) => webhooks.find(tx, id)))?.webhook,
    /** Accepts a message, delivers it, and lets the provider say that it was. */
    async makeEvents(channelId: string): Promise<string> {
      const { id } = await place.accept(channelId);
      await place.deliver(id);
      await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered', jobId: id });
      return id;
    },
    deliveriesOf: (webhookId: string): Promise<Delivery[]> =>
      transactions.withTenant(tenantId, (tx) =>
        listWebhookDeliveries(tx, webhookId, null, { limit: 1_000, after: null }),
      ),
    pageOf,
    /** Everything that is committed by now. */
    async eventsAfter(after: bigint, filter: readonly string[] | null = null) {
      return pageOf(after, await highWaterMark.read(patienceMs), filter);
    },
    async close() {
      await sink.stop();
      await place.close();
    },
  };
}
