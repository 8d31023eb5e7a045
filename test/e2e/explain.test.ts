import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { type Push, startPush } from '../../demo/stand-ins/push.ts';
import type { ExplanationView } from '../../src/domain/explain/explanation.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { cureByRemedies } from '../support/cure-by-remedies.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:65500';

let place: Product;
let push: Push;
let tenant: Caller;
let worker: RunningProcess;

beforeAll(async () => {
  place = await borrowProduct();
  [push, , worker] = await Promise.all([startPush({ accessToken: 'push' }), place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
});
afterAll(async () => {
  await push.stop();
  await place.close();
});

/** What is told of a job, as soon as it is of this kind. */
function explained(id: string, kind: string): Promise<ExplanationView> {
  return poll({
    what: `${id} is explained by ${kind}`,
    look: () => tenant.ask<ExplanationView>(`GET /v1/jobs/${id}/explain`),
    isDone: (told) => told.cause.kind === kind,
    timeoutMs: 30_000,
  });
}

async function notify(type: string, externalId: string, integration: string, userIds: string[]): Promise<JobView> {
  return tenant.ask('POST /v1/notifications', {
    type,
    integration,
    externalId,
    titleI18n: { en: 'Ready' },
    messageI18n: { en: 'Your order is ready.' },
    receivers: [{ merchantId: 'bakery', userIds }],
  });
}

describe('of ten faults each is named, and cured by its remedies where the api can', () => {
  it('a wrong token, which a person brings', async () => {
    const channel = await place.makeChannel(tenant);
    place.kernel.renewToken(channel.phoneNumberId, 'the-new-token');
    const { id } = await tenant.send({ channelId: channel.id });
    const told = await explained(id, 'credentials');
    expect(told.sentence).toContain('credentials that work');
    expect((await cureByRemedies(tenant, id, { known: { '/accessToken': 'the-new-token' } })).did).toEqual([
      'update-credentials',
    ]);
  });

  it('Kernel away, whose address a person knows', async () => {
    const channel = await place.makeChannel(tenant, { apiBaseUrl: `${nowhere}/v23.0`, retryInitialMs: 5_000 });
    const { id } = await tenant.send({ channelId: channel.id });
    expect((await explained(id, 'kernel_unreachable')).cause.code).toBe('kernel_unreachable');
    const { did } = await cureByRemedies(tenant, id, { known: { '/apiBaseUrl': `${place.kernel.url}/v23.0` } });
    expect(did).toContain('update-address');
  });

  it('a number that is throttled, which ends by itself', async () => {
    const [to, channel] = [aNumber(), await place.makeChannel(tenant)];
    place.kernel.script(to, [{ answer: { ...metaRefusal(429, 130_429), headers: { 'retry-after': '4' } } }]);
    const { id } = await tenant.send({ channelId: channel.id, to });
    const told = await explained(id, 'rate_limit');
    expect(told).toMatchObject({ cause: { code: 'whatsapp_130429' }, next: { at: expect.any(String) }, remedies: [] });
    expect((await cureByRemedies(tenant, id)).did).toEqual([]);
  });

  it('a bot that is away', async () => {
    const channel = await place.makeChannel(tenant, { botUrl: nowhere, retryInitialMs: 5_000 });
    await place.kernel.receive(channel.phoneNumberId, [
      { from: aNumber(), name: 'Ana', wamid: 'wamid.explained', item: { type: 'text', text: { body: 'Hola' } } },
    ]);
    const [job] = await tenant.list<JobView>(`/v1/jobs?kind=inbound&channelId=${channel.id}`);
    const id = job?.id ?? '';
    await explained(id, 'bot');
    expect((await cureByRemedies(tenant, id, { known: { '/botUrl': place.bot.url } })).did).toContain(
      'update-bot-address',
    );
  });

  it('an integrator that is away', async () => {
    const erp = {
      name: 'erp',
      url: nowhere,
      secret: place.integratorSecret,
      retrySchedule: [0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    };
    await tenant.ask('POST /v1/integrations', erp);
    await tenant.ask('PUT /v1/directory/merchants/bakery', { active: true });
    const { id } = await notify('USER_CENTER_NOTIFICATION', 'told-late', 'erp', ['stranger']);
    await explained(id, 'integrator');
    const isCured = ({ cause }: ExplanationView) => cause.kind === 'directory';
    const told = await cureByRemedies(tenant, id, { known: { '/url': place.integrator.url }, isCured });
    expect(told.did).toContain('update-integrator-address');
    expect(place.integrator.requests.list().some(({ body }) => body['externalId'] === 'told-late')).toBe(true);
  });

  it('a user without a device', async () => {
    const channel = { kind: 'push', name: 'Push', projectId: 'shop', apiBaseUrl: push.url, accessToken: 'push' };
    await tenant.ask('POST /v1/channels', channel);
    const ana = { active: true, language: 'en', push: { enabled: true, tokens: [] } };
    await tenant.ask('PUT /v1/directory/merchants/bakery/users/ana', ana);
    const { id } = await notify('PUSH_NOTIFICATION', 'no-device', 'erp', ['ana']);
    const told = await explained(id, 'push');
    expect(told.cause.code).toBe('push_notifications_disabled');
    const known = { '/push/tokens': [{ token: 'a-new-phone' }] };
    const isCured = ({ remedies }: ExplanationView) => !remedies.some(({ rel }) => rel === 'register-device');
    expect((await cureByRemedies(tenant, id, { known, isCured })).did).toEqual(['register-device']);
  });

  it('a channel that was paused by hand', async () => {
    const channel = await place.makeChannel(tenant);
    await tenant.ask(`POST /v1/channels/${channel.id}/pause`);
    const { id } = await tenant.send({ channelId: channel.id });
    expect((await explained(id, 'channel_paused')).sentence).toContain('by hand');
    expect((await cureByRemedies(tenant, id)).did).toEqual(['resume']);
  });

  it('a conversation that one message blocks, which is tried at once', async () => {
    const [to, channel] = [aNumber(), await place.makeChannel(tenant, { retryInitialMs: 60_000 })];
    place.kernel.script(to, [{ answer: metaRefusal(500, 131_057) }]);
    const message = { channelId: channel.id, to, conversationId: 'blocked' };
    const front = await tenant.send(message);
    await explained(front.id, 'kernel_refused');
    const { id } = await tenant.send(message);
    const told = await explained(id, 'turn');
    expect(told.sentence).toContain(front.id);
    expect(new Set((await cureByRemedies(tenant, id)).did)).toEqual(new Set(['retry']));
  });

  it('one that has expired on a paused channel', async () => {
    const channel = await place.makeChannel(tenant);
    await tenant.ask(`POST /v1/channels/${channel.id}/pause`);
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { id } = await tenant.send({ channelId: channel.id, expiresAt });
    expect((await explained(id, 'expired')).remedies.map(({ rel }) => rel)).toEqual(['resume', 'retry']);
    expect((await cureByRemedies(tenant, id)).did).toEqual(['resume', 'retry']);
  });

  it('no worker, which somebody starts', async () => {
    const channel = await place.makeChannel(tenant);
    await worker.stop();
    const { id } = await tenant.send({ channelId: channel.id });
    const told = await explained(id, 'worker');
    expect(told).toMatchObject({ sentence: expect.stringContaining('no worker has been seen'), remedies: [] });
    await place.startWorker();
    expect((await cureByRemedies(tenant, id)).did).toEqual([]);
  });
});
