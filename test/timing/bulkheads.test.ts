import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../demo/stand-ins/http-server.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type ProductChannel } from '../support/product-fixture.ts';
import { startWebhookSink } from '../support/webhook-sink.ts';

type Tenant = Caller & { readonly tenantId: string };

/** A call is given up after 15 s, and a page of a notification after 90 s: who waited for one of those would come later. */
const patienceMs = 12_000;
/** More than the activity slots of the main queue. */
const crowd = 60;
const messages = 10;

let place: Product;
let hanging: Awaited<ReturnType<typeof startHanging>>;
const answering: (typeof hanging)[] = [];
let sink: Awaited<ReturnType<typeof startWebhookSink>>;
let quiet: Tenant;
let quietChannel: ProductChannel;

/** Takes every connection and request, and answers none before it is told to. */
async function startHanging() {
  const open = new Set<ServerResponse>();
  let isHanging = true;
  const server: HttpServer = await startHttpServer({
    name: 'an upstream that hangs',
    handle(_incoming, response) {
      if (!isHanging) return good(response);
      open.add(response);
      response.on('close', () => open.delete(response));
    },
  });
  return {
    ...server,
    open: () => open.size,
    answer(): void {
      isHanging = false;
      for (const response of open) good(response);
    },
  };
}

/** What a number, a directory, a push service and a bot answer when all is well. */
function good(response: ServerResponse): void {
  const body = { messages: [{ id: `wamid.${randomBytes(8).toString('hex')}` }], users: [], name: 'a', activities: [] };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

beforeAll(async () => {
  [place, sink] = await Promise.all([openProduct(), startWebhookSink()]);
  await Promise.all([place.startApi({ LOG_LEVEL: 'error' }), place.startWorker({ LOG_LEVEL: 'error' })]);
  quiet = await place.makeTenant();
  quietChannel = await place.makeChannel(quiet, { ratePerSecond: 1_000 });
  await addIntegration(quiet, 'erp', place.integrator.url);
  await quiet.ask('PUT /v1/directory/merchants/m1', { active: true });
  await quiet.ask('PUT /v1/directory/merchants/m1/users/ana', {
    active: true,
    language: 'en',
    push: { enabled: false, tokens: [] },
  });
  await quiet.ask('POST /v1/webhooks', { url: `${sink.url}/quiet` });
});
beforeEach(async () => {
  hanging = await startHanging();
});
afterEach(() => {
  hanging.answer();
  answering.push(hanging);
});
afterAll(async () => {
  await place.close();
  await Promise.all([...answering, sink].map((each) => each.stop()));
});

function addIntegration(tenant: Caller, name: string, url: string): Promise<unknown> {
  return tenant.ask('POST /v1/integrations', { name, url, secret: place.integratorSecret });
}

function notify(tenant: Caller, type: string, userId: string, integration = 'erp'): Promise<JobView> {
  return tenant.ask<JobView>('POST /v1/notifications', {
    type,
    integration,
    titleI18n: { en: 'Ready' },
    messageI18n: { en: 'Your order is ready.' },
    receivers: [{ merchantId: 'm1', userIds: [userId] }],
  });
}

async function receive({ phoneNumberId }: ProductChannel, count: number): Promise<string[]> {
  const items = Array.from({ length: count }, () => {
    const from = aNumber();
    const text = `from ${from}`;
    return { from, name: 'A', wamid: `wamid.${from}`, item: { type: 'text', text: { body: text } } };
  });
  await place.kernel.receive(phoneNumberId, items);
  return items.map(({ item }) => item.text.body);
}

function until(what: string, isDone: () => boolean): Promise<unknown> {
  return poll({ what, look: isDone, isDone: Boolean, timeoutMs: patienceMs });
}

/** All that the quiet tenant does, each kind of it to its end. */
async function live(): Promise<void> {
  const sent: JobView[] = [];
  const [known, unknown] = await Promise.all(
    ['ana', 'bob'].map((user) => notify(quiet, 'USER_CENTER_NOTIFICATION', user)),
  );
  const said = await receive(quietChannel, 3);
  for (let n = 0; n < messages; n += 1) {
    sent.push(await quiet.send({ channelId: quietChannel.id }));
    await sleep(100);
  }
  const ids = sent.map(({ id }) => id);
  const told = () => new Set(sink.at('/quiet').map(({ event }) => event.data.id));
  const heard = () => new Set(place.bot.messages().map(({ text }) => text));
  const blamed = () => place.integrator.requests.list().map(({ body }) => JSON.stringify(body['receivers']));
  await Promise.all([
    until('its messages are sent', () => ids.every((id) => place.kernel.sends.countSends(id) === 1)),
    until('its endpoint is told', () => ids.every((id) => told().has(id))),
    until('its KPI sink is told', () => ids.every((id) => place.bot.kpiEvents(id).length > 0)),
    until('its bot hears its users', () => said.every((text) => heard().has(text))),
    quiet.follow(known?.id ?? '', ['completed'], patienceMs),
    quiet.follow(unknown?.id ?? '', ['completed_with_errors'], patienceMs),
    until('its integrator hears of the error', () => blamed().length > 0),
  ]);
  place.integrator.clear();
}

async function times(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  const rest = Array.from({ length: count }, (_, n) => n);
  const workNext = async () => {
    for (let n = rest.shift(); n !== undefined; n = rest.shift()) await work(n);
  };
  await Promise.all(Array.from({ length: 8 }, workNext));
}

/** What hangs at another tenant, and what makes that tenant call it; `calls` = so many hang at the least. */
const upstreams: Record<string, { calls: number; crowd: (tenant: Tenant) => Promise<unknown> }> = {
  'a WhatsApp number': {
    calls: 10,
    async crowd(tenant) {
      const { id } = await place.makeChannel(tenant, {
        apiBaseUrl: `${hanging.url}/v23.0`,
        ratePerSecond: 1_000,
        botUrl: null,
      });
      const list = Array.from({ length: 300 }, () => aMessage({ channelId: id }));
      await tenant.ask('POST /v1/messages/batch', { messages: list });
      await times(100, () => tenant.send({ channelId: id }));
    },
  },
  'a bot': {
    calls: 10,
    async crowd(tenant) {
      await receive(await place.makeChannel(tenant, { botUrl: hanging.url }), crowd);
    },
  },
  'a KPI sink': {
    calls: crowd,
    async crowd(tenant) {
      await times(crowd, async () => {
        const { id } = await place.makeChannel(tenant, { kpiUrl: hanging.url });
        await tenant.send({ channelId: id });
      });
    },
  },
  'a directory': {
    calls: 16,
    async crowd(tenant) {
      await tenant.ask('PUT /v1/directory/source', { kind: 'http', url: hanging.url });
      await addIntegration(tenant, 'erp', place.integrator.url);
      await times(crowd, () => notify(tenant, 'USER_CENTER_NOTIFICATION', 'ana'));
    },
  },
  'an integrator': {
    calls: 20,
    async crowd(tenant) {
      await times(crowd, async (n) => {
        await addIntegration(tenant, `erp-${n}`, hanging.url);
        await notify(tenant, 'USER_CENTER_NOTIFICATION', 'nobody', `erp-${n}`);
      });
    },
  },
  'a push service': {
    calls: 10,
    async crowd(tenant) {
      const push = { projectId: 'shop', apiBaseUrl: hanging.url, accessToken: 'push-key' };
      await tenant.ask('POST /v1/channels', { kind: 'push', name: 'Push', ...push });
      await addIntegration(tenant, 'erp', place.integrator.url);
      const device = { push: { enabled: true, tokens: [{ token: 'device' }] } };
      await tenant.ask('PUT /v1/directory/merchants/m1', { active: true });
      await tenant.ask('PUT /v1/directory/merchants/m1/users/ana', { active: true, language: 'en', ...device });
      await times(crowd, () => notify(tenant, 'PUSH_NOTIFICATION', 'ana'));
    },
  },
  'webhook endpoints': {
    calls: 20,
    async crowd(tenant) {
      const { id } = await place.makeChannel(tenant);
      await times(20, (n) => tenant.ask('POST /v1/webhooks', { url: `${hanging.url}/${n}` }));
      await times(10, () => tenant.send({ channelId: id }));
    },
  },
};

// Forty calls of one number held every workflow task of a worker, fifty pages that waited for one directory, or relays to one
// tenant's KPI sinks, every slot of the main queue: everybody waited for their time-outs.
describe('while it hangs at one tenant, another tenant does all that it does', () => {
  it.each(Object.entries(upstreams))(
    '%s',
    async (_name, upstream) => {
      await upstream.crowd(await place.makeTenant());
      await poll({
        what: 'its calls hang',
        look: () => hanging.open(),
        isDone: (count) => count >= upstream.calls,
        timeoutMs: 30_000,
      });
      await live();
      expect(hanging.open()).toBeGreaterThan(0);
    },
    120_000,
  );
});
