import type { Readable } from 'node:stream';
import { Pool } from 'undici';

const callTimeoutMs = 120_000;

export interface Caller {
  /** Method and path, such as `GET /v1/jobs`; rejects on any answer but 2xx, with what it said. */
  ask<Body>(call: string, body?: unknown): Promise<Body>;
  /** Sends what the stream gives as NDJSON. */
  stream<Body>(call: string, lines: Readable): Promise<Body>;
  stop(): Promise<void>;
}

/** Calls the API as one caller with one key, over connections that are kept. */
export function createCaller(apiUrl: string, key: string): Caller {
  const pool = new Pool(apiUrl, { connections: 8, headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs });

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
