import { type HttpServer, startHttpServer } from '../../demo/stand-ins/http-server.ts';
import { createRelay } from '../../src/activities/destinations/index.ts';
import { listJobDeliveries } from '../../src/store/deliveries.ts';
import { createBotClient } from '../../src/upstreams/bot/bot-client.ts';
import { createWebhookClient } from '../../src/upstreams/webhook/webhook-client.ts';
import { openDeliveryFixture } from './delivery-fixture.ts';

export interface PostedKpi {
  readonly id: string;
  readonly name: string;
  readonly serviceUrl: string;
  readonly conversation: { readonly id: string };
  readonly value: { readonly event: string; readonly jobId: string };
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /** With the request in it. */
  readonly isEcho?: boolean;
}

export type KpiFixture = Awaited<ReturnType<typeof openKpiFixture>>;

/** Deliveries with a KPI sink, and its relay without Temporal. */
export async function openKpiFixture() {
  const place = await openDeliveryFixture();
  /** What the sink has taken since the last `reset`, and what it answers. */
  const told: { posted: PostedKpi[]; answer: (activity: PostedKpi) => Answer | Promise<Answer> } = {
    posted: [],
    answer: () => ({ status: 200 }),
  };
  const sink: HttpServer = await startHttpServer({
    name: 'KPI sink',
    async handle({ body }, response) {
      const activity = JSON.parse(body.toString()) as PostedKpi; // our own body
      const { status, headers, isEcho } = await told.answer(activity);
      if (status === 200) told.posted.push(activity);
      response.writeHead(status, headers).end(isEcho === true ? body : undefined);
    },
  });
  const relayDeliveries = createRelay({
    ...place.stores,
    bot: createBotClient({ http: place.http }),
    webhookClient: createWebhookClient({ http: place.http, nowMs: () => place.clock().getTime() }),
    publicUrl: 'https://waypost.test',
    clock: place.clock,
    random: () => 0.5,
    // Its pauses pass at once.
    sleep: async (ms) => place.skip(ms),
    heartbeat: () => undefined,
    isStopping: () => false,
    info: () => undefined,
  });
  const acceptAndSend = async (channelId: string): Promise<string> => {
    const { id } = await place.accept(channelId);
    await place.deliver(id);
    return id;
  };
  const sinkUrl = `${sink.url}/kpi`;

  return {
    ...place,
    told,
    sinkUrl,
    reset() {
      told.posted = [];
      told.answer = () => ({ status: 200 });
    },
    addSunkChannel: () => place.addChannel({ kpiUrl: sinkUrl }),
    relay: (channelId: string) => relayDeliveries({ tenantId: place.tenantId, kind: 'kpi', endpointId: channelId }),
    /** Makes the KPI event `accepted`. */
    acceptAndSend,
    /** Makes the KPI events `accepted` and `delivered`. */
    async deliverAndTell(channelId: string): Promise<string> {
      const id = await acceptAndSend(channelId);
      await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered' });
      return id;
    },
    deliveriesOf: (jobId: string) =>
      place.stores.transactions.withTenant(place.tenantId, (tx) =>
        listJobDeliveries(tx, jobId, { limit: 50, after: '0' }),
      ),
    eventsOf: (jobId: string) =>
      told.posted.filter(({ value }) => value.jobId === jobId).map(({ value }) => value.event),
    async close() {
      await sink.stop();
      await place.close();
    },
  };
}
