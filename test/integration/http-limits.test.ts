import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage } from '../support/caller.ts';
import { aNotification } from '../support/delivered-notification.ts';
import { signCallback } from '../support/signed-callback.ts';
import { type Answer, aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

const kib = 1024;
const mib = 1024 * kib;

let test: TestApp;
let channelId: string;
beforeAll(async () => {
  test = await startTestApp({ limits: { headerMs: 300 } });
  channelId = String((await test.call('POST /v1/channels', { body: aWhatsappChannel() })).at('id'));
  await test.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com/hub' } });
  await test.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => test.close());

/** JSON of exactly so many bytes: blanks behind a document are part of its body. */
const sized = (body: unknown, bytes: number) => JSON.stringify(body).padEnd(bytes);
/** A message that is exactly so many bytes long, without a blank. */
function longMessage(bytes: number) {
  const empty = aMessage({ to: '+34600111222', metadata: { filler: '' } });
  return { ...empty, metadata: { filler: 'x'.repeat(bytes - JSON.stringify(empty).length) } };
}
const receivers = (count: number) => [{ merchantId: 'm', userIds: Array.from({ length: count }, (_, i) => `u${i}`) }];
const { type: _type, integration: _integration, ...envelope } = aNotification();
const intake = 'POST /webhooks/integration/erp/webhooktype/USER_CENTER_NOTIFICATION';
const nested = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

async function callback(bytes: number): Promise<Answer> {
  const body = Buffer.from(sized({ object: 'whatsapp_business_account', entry: [] }, bytes));
  const headers = signCallback(body, aWhatsappChannel().appSecret);
  return test.call(`POST /v1/channels/${channelId}/callbacks`, { key: null, body, headers });
}

describe('what is as large as it may be is taken, and one more refused', () => {
  it.each<[what: string, limit: number, call: (size: number) => Promise<Answer>, status: number, code: string]>([
    [
      'bytes of a message',
      256 * kib,
      (bytes) => test.call('POST /v1/messages', { body: sized(aMessage(), bytes) }),
      202,
      'payload_too_large',
    ],
    [
      'bytes of a batch',
      8 * mib,
      (bytes) => test.call('POST /v1/messages/batch', { body: sized({ messages: [aMessage()] }, bytes) }),
      202,
      'payload_too_large',
    ],
    [
      'messages of a batch',
      500,
      (count) => test.call('POST /v1/messages/batch', { body: { messages: Array.from({ length: count }, () => 1) } }),
      202,
      'invalid_request',
    ],
    [
      'bytes of a notification',
      8 * mib,
      (bytes) => test.call('POST /v1/notifications', { body: sized(aNotification(), bytes) }),
      202,
      'payload_too_large',
    ],
    [
      "bytes of an existing integrator's notification",
      8 * mib,
      (bytes) => test.call(intake, { body: sized(envelope, bytes) }),
      200,
      'payload_too_large',
    ],
    [
      'recipients of a notification',
      100_000,
      (count) => test.call('POST /v1/notifications', { body: aNotification({ receivers: receivers(count) }) }),
      202,
      'payload_too_large',
    ],
    [
      "recipients of an existing integrator's notification",
      100_000,
      (count) => test.call(intake, { body: { ...envelope, receivers: receivers(count) } }),
      200,
      'payload_too_large',
    ],
    ['bytes of a callback', 3 * mib, callback, 200, 'payload_too_large'],
    [
      'levels of a body',
      64,
      (levels) => test.call('POST /v1/messages', { body: `{"to":"+34600111222","whatsapp":${nested(levels - 1)}}` }),
      202,
      'invalid_request',
    ],
    [
      'characters of an Idempotency-Key',
      255,
      (length) =>
        test.call('POST /v1/messages', { body: aMessage(), headers: { 'idempotency-key': 'k'.repeat(length) } }),
      202,
      'invalid_idempotency_key',
    ],
  ])('%s: %i', async (_what, limit, call, status, code) => {
    expect((await call(limit)).status).toBe(status);
    const refused = await call(limit + 1);
    expect(refused.at('code')).toBe(code);
    expect(refused.status).toBe({ payload_too_large: 413, invalid_request: 422 }[code] ?? 400);
    expect(refused.headers['content-type']).toBe('application/problem+json');
  });

  it('bytes of a message among others: 262144', async () => {
    const messages = [longMessage(256 * kib), longMessage(256 * kib + 1), aMessage()];
    const answer = await test.call('POST /v1/messages/batch', { body: { messages } });
    expect([answer.status, answer.at('data.0.state'), answer.at('data.1.code'), answer.at('data.2.state')]).toEqual([
      202,
      'queued',
      'payload_too_large',
      'queued',
    ]);
  });

  it('refuses of a batch the item that no store can hold, and takes the others', async () => {
    const texts = ['"a\\u0000b"', '"\\ud83d"', '9007199254740993', '"good"'];
    const items = texts.map((text) => JSON.stringify(aMessage()).replace(/}$/, `,"metadata":{"note":${text}}}`));
    const answer = await test.call('POST /v1/messages/batch', { body: `{"messages":[${items.join()}]}` });
    expect(answer.status).toBe(202);
    expect(
      [0, 1, 2].map((index) => [answer.at(`data.${index}.code`), answer.at(`data.${index}.errors.0.pointer`)]),
    ).toEqual([0, 1, 2].map((index) => ['invalid_request', `/messages/${index}/metadata/note`]));
    expect([answer.at('data.3.state'), answer.at('accepted'), answer.at('refused')]).toEqual(['queued', 1, 3]);
  });

  it('bytes of a line of an import: 262144', async () => {
    const user = '{"merchantId":"m","userId":"u","active":true,"language":"en"}';
    const body = [user.padEnd(256 * kib), user.padEnd(256 * kib + 1), user].join('\n');
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await test.call('POST /v1/directory/import', { body, headers });
    expect([answer.status, answer.at('imported'), answer.at('failed')]).toEqual([200, 2, 1]);
    expect([answer.at('errors.0.line'), answer.at('errors.0.problem.code')]).toEqual([2, 'payload_too_large']);
  });
});

/** What the server says to these bytes before it closes the connection, or within a second. */
async function say(text: string): Promise<string> {
  const { port } = test.app.server.address() as AddressInfo; // it listens on TCP
  return new Promise((resolve) => {
    let seen = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    socket.on('error', () => undefined).on('close', () => resolve(seen)); // a reset is one way to be cut off
    setTimeout(() => socket.destroy(), 1_500);
  });
}

describe('a header', () => {
  const request = (bytes: number) =>
    `GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: ${'x'.repeat(bytes)}\r\n\r\n`;

  it('of 15 KiB is read, one of 16 KiB and more refused', async () => {
    expect(await say(request(15 * kib))).toMatch(/^HTTP\/1.1 200 /);
    const refused = await say(request(16 * kib));
    expect(refused).toMatch(/^HTTP\/1.1 431 [\s\S]+application\/problem\+json[\s\S]+"code":"headers_too_large"/);
  });

  it('of 10 MB is cut off', async () => {
    expect(await say(request(10_000_000))).toMatch(/^(HTTP\/1.1 431 |$)/);
  });

  it('that never ends is given up', async () => {
    const refused = await say('GET /livez HTTP/1.1\r\nHost: x\r\n');
    expect(refused).toMatch(/^HTTP\/1.1 408 [\s\S]+application\/problem\+json[\s\S]+"code":"request_timeout"/);
  });
});
