import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transactions } from '../../src/store/transactions.ts';
import { aMessage } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { signCallback } from '../support/signed-callback.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let port: number;
let channelId: string;
/** Look-ups that look for no tenant's data: by a key, or by a channel's id. */
let lookUps: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  lookUps = 0;
  test = await startTestApp(({ transactions }) => ({ transactions: countingLookUps(transactions) }));
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  port = (test.app.server.address() as AddressInfo).port; // it listens on TCP
  channelId = String((await test.call('POST /v1/channels', { body: aWhatsappChannel() })).at('id'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await test.close();
});

function countingLookUps(transactions: Transactions): Transactions {
  return {
    ...transactions,
    acrossTenants(work) {
      lookUps += 1;
      return transactions.acrossTenants(work);
    },
  };
}

async function open(text: string): Promise<{ seen: () => string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let seen = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
  socket.on('error', () => undefined); // a reset is one way to be cut off
  await once(socket, 'connect');
  socket.write(text);
  return { seen: () => seen };
}

function announce(path: string, bytes: number, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
}
const unsigned = `X-Hub-Signature-256: sha256=${'0'.repeat(64)}\r\n`;
const callbackBytes = 3 * 1024 * 1024;
const someChannel = `chn_${'0'.repeat(26)}`;
const send = () => test.call('POST /v1/messages', { body: aMessage({ channelId }) });

describe('a stranger without a key', () => {
  it('stops nobody by 200 connections that announce bodies and send none', async () => {
    // 22 such sockets took the whole budget of bytes, by what they had announced: every POST of every tenant got 503.
    const paths = [`/v1/channels/anything/callbacks`, `/v1/channels/${someChannel}/callbacks`];
    const own = `/v1/channels/${channelId}/callbacks`;
    for (let count = 0; count < 50; count += 1) {
      for (const path of paths) await open(announce(path, callbackBytes, unsigned));
      await open(announce(own, callbackBytes, unsigned));
      await open(count % 2 === 0 ? '' : 'POST /v1/messages HTTP/1.1\r\nHo');
    }
    // 21 bodies of 3 MiB and this one are 64 MiB to the byte.
    await open(announce(own, 1024 * 1024, unsigned));
    const figure = /^waypost_requests_in_flight\{kind="callback"\} (\d+)$/m;
    const look = async () => Number(figure.exec((await test.call('GET /metrics', { key: null })).text)?.[1]);
    await poll({ what: 'them all', look, isDone: (count) => count >= 22, timeoutMs: 5_000 });
    const answers = await Promise.all(Array.from({ length: 40 }, send));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 202));
    const body = Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry: [] }));
    const headers = signCallback(body, aWhatsappChannel().appSecret);
    expect((await test.call(`POST ${own}`, { key: null, body, headers })).status).toBe(200);
  });

  it('is told before a byte of the body that there is no such channel, or no signature', async () => {
    const cases = [
      [announce('/v1/channels/anything/callbacks', callbackBytes, unsigned), '404 Not Found', 'not_found'],
      [announce(`/v1/channels/${someChannel}/callbacks`, callbackBytes, unsigned), '404 Not Found', 'not_found'],
      [announce(`/v1/channels/${channelId}/callbacks`, callbackBytes), '401 Unauthorized', 'signature_missing'],
    ] as const;
    for (const [text, status, code] of cases) {
      const { seen } = await open(text);
      await poll({ what: code, look: seen, isDone: (all) => all.includes(code), timeoutMs: 5_000 });
      expect(seen()).toContain(status);
    }
  });

  it("takes no more than a channel's share of the calls, so that the other channels are heard", async () => {
    const other = String(
      (await test.call('POST /v1/channels', { body: aWhatsappChannel({ phoneNumberId: '1062' }) })).at('id'),
    );
    const waiting: Awaited<ReturnType<typeof open>>[] = [];
    for (let count = 0; count < 101; count += 1)
      waiting.push(await open(announce(`/v1/channels/${channelId}/callbacks`, 100, unsigned)));
    const refused = () => waiting.filter(({ seen }) => seen().includes('overloaded')).length;
    await poll({ what: 'a refusal', look: refused, isDone: (count) => count > 0, timeoutMs: 5_000 });
    expect(refused()).toBe(1);
    const body = Buffer.from('{"object":"x","entry":[]}');
    const headers = signCallback(body, aWhatsappChannel().appSecret);
    expect((await test.call(`POST /v1/channels/${other}/callbacks`, { key: null, body, headers })).status).toBe(200);
  });

  it('causes no look-up by each wrong signature, unknown channel or unknown key', async () => {
    // Each wrong signature read the channel afresh, and what is unknown was looked up each time.
    const body = Buffer.from('{"object":"x","entry":[]}');
    const wrong = { key: null, body, headers: signCallback(body, 'a-wrong-secret') };
    const key = `wp_${'A'.repeat(43)}`;
    const floods: readonly [route: string, options: object, status: number][] = [
      [`POST /v1/channels/${channelId}/callbacks`, wrong, 403],
      [`POST /v1/channels/${someChannel}/callbacks`, wrong, 404],
      [
        `GET /v1/channels/${channelId}/callbacks?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1`,
        { key: null },
        403,
      ],
      ['GET /v1/channels', { key }, 401],
    ];
    for (const [route, options, status] of floods) {
      lookUps = 0;
      const startedMs = performance.now();
      for (let count = 0; count < 60; count += 1) expect((await test.call(route, options)).status).toBe(status);
      const seconds = (performance.now() - startedMs) / 1_000;
      expect([route, lookUps <= Math.ceil(seconds) + 1, lookUps]).toEqual([route, true, lookUps]);
    }
  });

  it('delays nobody who is known by making up keys and channels', async () => {
    // Each made-up key took a connection of the pool, and 500 that waited for one turned every tenant away.
    expect((await send()).status).toBe(202);
    const all = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const madeUp = Array.from({ length: 900 }, (_, index) => {
      const key = `wp_${String(index).padStart(4, '0')}${all.slice(0, 39)}`;
      return test.call('GET /v1/channels', { key });
    });
    const known = await Promise.all(Array.from({ length: 20 }, send));
    expect(known.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
    const statuses = new Set((await Promise.all(madeUp)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).toEqual([]);
  });
});

describe('a secret that was changed', () => {
  it('holds from the next callback on in the process that changed it', async () => {
    const body = Buffer.from('{"object":"x","entry":[]}');
    const post = (secret: string) =>
      test.call(`POST /v1/channels/${channelId}/callbacks`, { key: null, body, headers: signCallback(body, secret) });
    expect((await post(aWhatsappChannel().appSecret)).status).toBe(200);
    await test.call(`PATCH /v1/channels/${channelId}`, { body: { appSecret: 'a-new-secret-of-the-app' } });
    expect((await post('a-new-secret-of-the-app')).status).toBe(200);
    expect((await post(aWhatsappChannel().appSecret)).status).toBe(403);
  });
});
