import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../../src/upstreams/guarded-http/guarded-http.ts';
import { createIntegratorClient } from '../../../../src/upstreams/integrator/integrator-client.ts';
import {
  buildWebhookHeaders,
  decodeWebhookSecret,
  signWebhook,
} from '../../../../src/upstreams/webhook/standard-webhooks.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const otherSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const body = '{"text":"¡Hola, señor! 🎉"}';

describe('a signed webhook', () => {
  it('carries the signature that the specification gives as its example', () => {
    const signature = signWebhook({
      secrets: [secret],
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1614265330,
      body: '{"test": 2432232314}',
    });
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is verified by the reference library', () => {
    const headers = buildWebhookHeaders({ secrets: [secret], id: 'evt_1', nowMs: Date.now(), body });
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature');
    expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_2' })).toThrow('No matching');
  });

  it('is verified with either secret during a rotation', () => {
    const headers = buildWebhookHeaders({ secrets: [secret, otherSecret], id: 'evt_1', nowMs: Date.now(), body });
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const each of [secret, otherSecret]) expect(new Webhook(each).verify(body, headers)).toBeTruthy();
  });

  it('says the whole second of its attempt, and nothing of a signature without a secret', () => {
    expect(buildWebhookHeaders({ secrets: [], id: 'evt_1', nowMs: 1_700_000_000_999, body })).toEqual({
      'webhook-id': 'evt_1',
      'webhook-timestamp': '1700000000',
    });
  });

  it.each(['', 'whsec_', 'whsec_!!'])('is never made with the empty secret "%s"', (empty) => {
    expect(() => decodeWebhookSecret(empty)).toThrow('holds no bytes');
  });
});

describe('the errors of a notification on their way to the integrator', () => {
  async function capture(errors: { apiKey: string | null; secrets: readonly string[] }): Promise<HttpRequest> {
    const sent: HttpRequest[] = [];
    const client = createIntegratorClient({
      http: {
        request: (request) => {
          sent.push(request);
          return Promise.resolve({ answered: true, status: 204, retryAfterMs: null, body: '', durationMs: 1 });
        },
      },
      nowMs: Date.now,
    });
    const owner = { tenantId: 'ten_1', destination: 'chn_1' };
    await client.postErrors({ owner, url: 'https://erp.example/base/?v=2', deliveryId: 'dlv_1', body, ...errors });
    const [request, ...others] = sent;
    if (request === undefined || others.length > 0) throw new Error(`${sent.length} requests were sent`);
    return request;
  }

  it('are posted below the integration’s URL, signed both ways over the very bytes that are sent', async () => {
    const replaced = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const request = await capture({ apiKey: 'k-1', secrets: [secret, replaced] });
    expect(request).toMatchObject({ method: 'POST', url: 'https://erp.example/base/notifications/errors?v=2', body });
    expect(request.headers).toMatchObject({ 'content-type': 'application/json', 'x-api-key': 'k-1' });
    expect(request.headers['webhook-id']).toBe('dlv_1');
    for (const each of [secret, replaced]) expect(new Webhook(each).verify(body, { ...request.headers })).toBeTruthy();
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(Buffer.from(body)).digest('base64');
    expect(request.headers['x-toqio-signature']).toBe(`sha256=${expected}`);
  });

  it('carry neither key nor signature where the integration has none', async () => {
    const { headers } = await capture({ apiKey: null, secrets: [] });
    expect(Object.keys(headers).toSorted()).toEqual(['content-type', 'webhook-id', 'webhook-timestamp']);
  });
});
