import { createHmac } from 'node:crypto';

const secretPrefix = 'whsec_';

/** The bytes that a `whsec_<base64>` secret stands for (the prefix may be missing); throws when there are none. */
export function decodeWebhookSecret(secret: string): Buffer {
  const key = Buffer.from(secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret, 'base64');
  if (key.length === 0) throw new Error('A webhook secret holds no bytes.');
  return key;
}

/** HMAC-SHA256 of the text under the secret's decoded bytes, in base64. */
export function hmacBase64(secret: string, text: string): string {
  return createHmac('sha256', decodeWebhookSecret(secret)).update(text, 'utf8').digest('base64');
}

/**
 * The value of `webhook-signature`: one `v1,<base64>` for each secret, space-separated, so that receivers with either
 * secret verify during a rotation. `body` must be the very text that is sent.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signWebhook(webhook: {
  readonly secrets: readonly string[];
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}): string {
  const signed = `${webhook.id}.${webhook.timestampSeconds}.${webhook.body}`;
  return webhook.secrets.map((secret) => `v1,${hmacBase64(secret, signed)}`).join(' ');
}

/**
 * The three headers of Standard Webhooks; without a secret there is no signature, and the other two still let a receiver
 * drop repeats. `id` stays the same over retries; the time is that of this attempt.
 */
export function buildWebhookHeaders(webhook: {
  readonly secrets: readonly string[];
  readonly id: string;
  readonly nowMs: number;
  readonly body: string;
}): Readonly<Record<string, string>> {
  const timestampSeconds = Math.floor(webhook.nowMs / 1000);
  const headers = { 'webhook-id': webhook.id, 'webhook-timestamp': String(timestampSeconds) };
  if (webhook.secrets.length === 0) return headers;
  return { ...headers, 'webhook-signature': signWebhook({ ...webhook, timestampSeconds }) };
}
