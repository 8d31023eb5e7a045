import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { verifyWebhook, WebhookVerificationError } from '../../../src/client/webhooks.ts';

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const otherSecret = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const body = JSON.stringify({ id: 'evt_1', type: 'message.failed', timestamp: '2026-03-01T12:00:00.000Z', data: {} });

function sign(at = new Date()) {
  return {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
  };
}

it('gives the event of a signed call, from text or bytes, from either form of headers', () => {
  expect(verifyWebhook({ body, headers: sign(), secrets: [secret] }).type).toBe('message.failed');
  const headers = new Headers(sign());
  expect(verifyWebhook({ body: Buffer.from(body), headers, secrets: [otherSecret, secret] }).id).toBe('evt_1');
});

it.each([
  ['another secret', { body, headers: sign(), secrets: [otherSecret] }],
  ['no secret', { body, headers: sign(), secrets: [] }],
  ['a changed body', { body: `${body} `, headers: sign(), secrets: [secret] }],
  ['an old call', { body, headers: sign(new Date(Date.now() - 600_000)), secrets: [secret] }],
  ['no headers', { body, headers: {}, secrets: [secret] }],
])('refuses %s', (_what, call) => {
  expect(() => verifyWebhook(call)).toThrow(WebhookVerificationError);
});
