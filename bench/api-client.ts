import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Pool } from 'undici';

const callTimeoutMs = 15_000;

export interface BenchTenant {
  readonly id: string;
  readonly apiKey: string;
  readonly channelId: string;
  readonly callbackUrl: string;
  readonly appSecret: string;
}

/** Makes a tenant with one channel through the API, as a customer would: no bot and no KPI sink, no rate in the way. */
export async function createBenchTenant(apiUrl: string, adminKey: string, kernelUrl: string): Promise<BenchTenant> {
  const tenant = await createTenant(apiUrl, adminKey);
  const appSecret = randomBytes(18).toString('base64url');
  const channel = await post<{ id: string }>(`${apiUrl}/v1/channels`, tenant.apiKey, {
    kind: 'whatsapp',
    name: 'Bench number',
    phoneNumberId: 'bench',
    apiBaseUrl: `${kernelUrl}/v23.0`,
    accessToken: randomBytes(18).toString('base64url'),
    appSecret,
    verifyToken: randomBytes(18).toString('base64url'),
    numRetries: 5,
    ratePerSecond: 10_000,
  });
  const callbackUrl = `${apiUrl}/v1/channels/${channel.id}/callbacks`;
  return { id: tenant.id, apiKey: tenant.apiKey, channelId: channel.id, callbackUrl, appSecret };
}

/** A tenant with nothing in it yet, and the key with every scope. */
export async function createTenant(apiUrl: string, adminKey: string): Promise<{ id: string; apiKey: string }> {
  return post(`${apiUrl}/v1/tenants`, adminKey, { name: 'Bench' });
}

/** Subscribes a URL to two types of events; the result ends the subscription. */
export async function subscribe(apiUrl: string, { apiKey }: BenchTenant, url: string): Promise<() => Promise<void>> {
  const events = ['message.accepted', 'message.delivered'];
  const { id } = await post<{ id: string }>(`${apiUrl}/v1/webhooks`, apiKey, { url, events });
  return async () => {
    await fetch(`${apiUrl}/v1/webhooks/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(callTimeoutMs),
    });
  };
}

/** One call of the API that has to succeed, and its body. */
export async function post<Body>(url: string, key: string, body: unknown): Promise<Body> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(callTimeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url} was answered with ${response.status}: ${text}`);
  return JSON.parse(text) as Body; // cast: the API's contract
}

const longCallTimeoutMs = 120_000;

export interface Caller {
  /** Method and path, such as `GET /v1/jobs`; rejects on any answer but 2xx, with what it said. */
  ask<Body>(call: string, body?: unknown): Promise<Body>;
  /** Sends what the stream gives as NDJSON. */
  stream<Body>(call: string, lines: Readable): Promise<Body>;
  stop(): Promise<void>;
}

/** Calls the API as one caller with one key, over connections that are kept. */
export function createCaller(apiUrl: string, key: string): Caller {
  const pool = new Pool(apiUrl, { connections: 8, headersTimeout: longCallTimeoutMs, bodyTimeout: longCallTimeoutMs });

  async function send<Body>(call: string, contentType: string | null, body: Readable | string | null): Promise<Body> {
    const [method = '', path = ''] = call.split(' ');
    const headers = { authorization: `Bearer ${key}`, ...(contentType !== null && { 'content-type': contentType }) };
    const answer = await pool.request({ method: method as 'POST', path, headers, body }); // cast: our own calls
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${call} was answered with ${answer.statusCode}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Body; // cast: the API's contract
  }

  return {
    ask: (call, body) =>
      body === undefined ? send(call, null, null) : send(call, 'application/json', JSON.stringify(body)),
    stream: (call, lines) => send(call, 'application/x-ndjson', lines),
    stop: () => pool.destroy(),
  };
}
