import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildStatusBody } from '../../demo/stand-ins/kernel-bodies.ts';
import { aMessage, aNumber, type Caller, createCaller } from '../support/caller.ts';
import { joinProduct, type ProductChannel, type SharedProduct } from '../support/product-fixture.ts';
import { signCallback } from '../support/signed-callback.ts';

let place: SharedProduct;
let owner: Caller & { readonly tenantId: string };
let stranger: Caller;
let channel: ProductChannel;

beforeAll(async () => {
  place = await joinProduct();
  owner = await place.makeTenant();
  stranger = await place.makeTenant();
  channel = await place.makeChannel(owner);
});
afterAll(async () => {
  await place.close();
});

const merchant = { name: 'Bakery', active: true };
const user = { active: true, roles: ['user'], language: 'es', push: { enabled: false, tokens: [] } };

// Every route and every id: test/integration/tenancy-walk.test.ts. Here on the built product, with jobs that were run.
describe("another tenant's key", () => {
  let paths: Readonly<Record<'job' | 'problem' | 'channel' | 'integration' | 'merchant' | 'user', string>>;

  beforeAll(async () => {
    const activity = { type: 'message', text: '<p>Hi</p>', textFormat: 'xml' };
    const { id } = await owner.send({ activity });
    const failed = await owner.follow(id, ['failed']);
    await owner.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url });
    await owner.ask('PUT /v1/directory/merchants/m-1', merchant);
    await owner.ask('PUT /v1/directory/merchants/m-1/users/u-1', user);
    paths = {
      job: `/v1/jobs/${id}`,
      problem: new URL(failed.error?.instance ?? '').pathname,
      channel: `/v1/channels/${channel.id}`,
      integration: '/v1/integrations/erp',
      merchant: '/v1/directory/merchants/m-1',
      user: '/v1/directory/merchants/m-1/users/u-1',
    };
  });

  it('sees none of the objects that their owner sees', async () => {
    const seen = async (caller: Caller) =>
      Promise.all(Object.values(paths).map(async (path) => (await caller.call(`GET ${path}`)).status));
    expect(new Set(await seen(owner))).toEqual(new Set([200]));
    expect(new Set(await seen(stranger))).toEqual(new Set([404]));
  });

  it('cannot send over their channel', async () => {
    const answer = await stranger.call('POST /v1/messages', { body: aMessage({ channelId: channel.id }) });
    expect([answer.at('code'), answer.at('errors.0.pointer')]).toEqual(['channel_not_found', '/channelId']);
  });
});

describe('a key', () => {
  it('opens what its scopes name and nothing else, and is checked before the body', async () => {
    const scopes = ['messages:write', 'jobs:read'];
    const made = await owner.ask<{ apiKey: string }>('POST /v1/api-keys', { name: 'narrow', scopes });
    const narrow = createCaller(place.apiUrl, made.apiKey);
    const { id } = await narrow.send();
    expect((await narrow.job(id)).id).toBe(id);
    for (const route of [`POST /v1/jobs/${id}/cancel`, 'POST /v1/channels', 'PUT /v1/directory/merchants/m-2']) {
      const answer = await narrow.call(route, { body: '{ not json' });
      expect([route, answer.status, answer.at('code')]).toEqual([route, 403, 'insufficient_scope']);
    }
  });

  it('is refused where it is missing, wrong, deleted or of another kind', async () => {
    const made = await owner.ask<{ id: string; apiKey: string }>('POST /v1/api-keys', {
      name: 'short-lived',
      scopes: ['jobs:read'],
    });
    const status = async (key: string | null, route = 'GET /v1/jobs') => (await owner.call(route, { key })).status;
    expect(await status(made.apiKey)).toBe(200);
    await owner.ask(`DELETE /v1/api-keys/${made.id}`);
    expect(await status(made.apiKey)).toBe(401);
    expect([await status(null), await status(`wp_${'a'.repeat(43)}`), await status('guessed')]).toEqual([
      401, 401, 401,
    ]);
    // The operator's key is known, and no tenant's.
    expect(await status(place.adminKey)).toBe(403);
    expect([await status(owner.key, 'GET /v1/tenants'), await status(null, 'GET /v1/tenants')]).toEqual([403, 401]);
    expect(await status(place.adminKey, 'GET /v1/tenants')).toBe(200);
  });

  it('may come in X-Api-Key', async () => {
    const answer = await owner.call('GET /v1/jobs', { key: null, headers: { 'x-api-key': owner.key } });
    expect(answer.status).toBe(200);
  });
});

describe('the callback URL of a channel', () => {
  const url = () => `/v1/channels/${channel.id}/callbacks`;
  const aBody = (jobId: string) =>
    buildStatusBody(
      { phoneNumberId: channel.phoneNumberId, to: aNumber(), wamid: `wamid.${jobId}`, jobId },
      [{ status: 'failed', errors: [{ code: 135000 }] }],
      Date.now(),
    );

  it('takes only what is signed with the secret of the app, and nothing else changes a job', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ callbacks: [] }]);
    const { id } = await owner.send({ to });
    await owner.follow(id, ['accepted']);
    const body = aBody(id);
    const post = async (headers: Record<string, string>, bytes = body) => {
      const answer = await owner.call(`POST ${url()}`, { key: null, body: bytes, headers });
      return [answer.status, answer.at('code')];
    };
    expect(await post({})).toEqual([401, 'signature_missing']);
    expect(await post(signCallback(body, 'another secret'))).toEqual([403, 'signature_invalid']);
    const other = Buffer.from(body.toString().replace('135000', '135001'));
    expect(await post(signCallback(body, channel.appSecret), other)).toEqual([403, 'signature_invalid']);
    expect((await owner.job(id)).state).toBe('accepted');
    expect(await post(signCallback(body, channel.appSecret))).toEqual([200, undefined]);
    await owner.follow(id, ['failed']);
  });

  it("is verified by Meta's handshake", async () => {
    const verify = (token: string, id = channel.id) => {
      const query = new URLSearchParams({
        'hub.mode': 'subscribe',
        'hub.verify_token': token,
        'hub.challenge': '1158201444',
      });
      return owner.call(`GET /v1/channels/${id}/callbacks?${query.toString()}`, { key: null });
    };
    const right = await verify(channel.verifyToken);
    expect([right.status, right.text]).toEqual([200, '1158201444']);
    expect((await verify('wrong')).status).toBe(403);
    expect((await verify(channel.verifyToken, 'chn_01m8346jd902w6ma80acrey4rt')).status).toBe(404);
  });
});
