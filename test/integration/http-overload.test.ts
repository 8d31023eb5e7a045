import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { RequestLimits } from '../../src/http/request-limits.ts';
import { poll } from '../support/poll.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let port: number;
const sockets: Socket[] = [];

async function start(limits: Partial<RequestLimits>): Promise<void> {
  test = await startTestApp({ limits });
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  port = (test.app.server.address() as AddressInfo).port; // it listens on TCP
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await test.close();
});

/** A raw connection, to be as slow as no client means to be; `seen` is what it was answered. */
async function open(text = ''): Promise<{ socket: Socket; seen: () => string; closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let seen = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
  const closed = once(socket, 'close');
  socket.on('error', () => undefined); // a reset is one way to be cut off
  await once(socket, 'connect');
  socket.write(text);
  return { socket, seen: () => seen, closed };
}

/** The beginning of a call with a body of `length` bytes, of which none has come yet. */
const beginning = (route: string, length: number, type = 'application/json', key = test.key) =>
  `${route} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;

/** Waits until so many calls are being answered: to look at `/metrics` is none. */
const whenInFlight = (count: number) =>
  poll({
    what: `${count} in flight`,
    look: () => figure('requests_in_flight{kind="keyed"}'),
    isDone: (seen) => seen === count,
    timeoutMs: 5_000,
  });

async function expectProbesAnswered(): Promise<void> {
  for (const path of ['/livez', '/readyz', '/metrics']) {
    expect([path, (await test.call(`GET ${path}`, { key: null })).status]).toEqual([path, 200]);
  }
}

async function figure(name: string): Promise<number> {
  const { text } = await test.call('GET /metrics', { key: null });
  const line = text.split('\n').find((each) => each.startsWith(`waypost_${name} `));
  return Number(line?.split(' ')[1]);
}
const bodyBytes = () => figure('request_body_bytes{kind="keyed"}');
const shedFor = (reason: string) => figure(`requests_shed_total{reason="${reason}"}`);

describe('a process that has its hands full', () => {
  it('turns away one more call, and no probe, until one of them is answered or gone', async () => {
    await start({ keyedRequests: 2 });
    const [first, second] = [
      await open(beginning('POST /v1/messages', 2)),
      await open(beginning('POST /v1/messages', 2)),
    ];
    await whenInFlight(2);
    const refused = await test.call('GET /v1/channels');
    expect([refused.at('code'), refused.headers['retry-after']]).toEqual(['overloaded', '1']);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect((await test.call('GET /v1/tenants', { key: adminKey })).status).toBe(503);
    await expectProbesAnswered();
    expect((await test.call('GET /v1/nowhere')).status).toBe(404);
    // Callbacks have places of their own.
    expect((await test.call('POST /v1/channels/chn_none/callbacks', { key: null, body: '{}' })).status).toBe(404);
    expect(await shedFor('requests_in_flight')).toBeGreaterThan(0);

    first.socket.write('{}');
    await poll({ what: 'an answer', look: first.seen, isDone: (text) => text.includes('422'), timeoutMs: 5_000 });
    expect((await test.call('GET /v1/channels')).status).toBe(200);
    const third = await open(beginning('POST /v1/messages', 2));
    await whenInFlight(2);
    expect((await test.call('GET /v1/channels')).status).toBe(503);
    for (const { socket } of [second, third]) socket.destroy();
    const look = () => test.call('GET /v1/channels');
    await poll({ what: 'room', look, isDone: ({ status }) => status === 200, timeoutMs: 5_000 });
  });

  it('answers before it has the body of what it turns away, and passes over it', async () => {
    await start({ keyedRequests: 1 });
    await open(beginning('POST /v1/messages', 2));
    await whenInFlight(1);
    const refused = await open(beginning('POST /v1/notifications', 8_000_000));
    await poll({ what: 'it', look: refused.seen, isDone: (text) => text.includes('overloaded'), timeoutMs: 5_000 });
    expect(refused.seen()).toMatch(/^HTTP\/1.1 503 [\s\S]+retry-after: 1/);
    refused.socket.write(Buffer.alloc(8_000_000, ' '));
    refused.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await poll({ what: 'the next', look: refused.seen, isDone: (text) => text.includes('200 OK'), timeoutMs: 5_000 });
  });

  it('holds no more bytes of bodies than it may, and always takes one', async () => {
    await start({ keyedBodyBytes: 100_000 });
    const big = await open(beginning('POST /v1/messages', 200_000));
    big.socket.write(Buffer.alloc(150_000, ' '));
    await poll({ what: 'its bytes', look: bodyBytes, isDone: (seen) => seen === 150_000, timeoutMs: 5_000 });
    const body = JSON.stringify({ name: 'x'.repeat(1_000) });
    const look = () => test.call('POST /v1/channels', { body, headers: { 'content-length': String(body.length) } });
    expect((await look()).at('code')).toBe('overloaded');
    expect((await test.call('GET /v1/channels')).status).toBe(200);
    big.socket.destroy();
    await poll({ what: 'room', look, isDone: ({ status }) => status === 422, timeoutMs: 5_000 });
    expect(await shedFor('body_bytes')).toBeGreaterThan(0);
    expect(await bodyBytes()).toBe(0);
  });

  it('turns away a body that grows over its room, hears it out, and goes on with the connection', async () => {
    await start({ keyedBodyBytes: 100_000 });
    const other = await test.makeTenant();
    const held = await open(beginning('POST /v1/messages', 200_000, 'application/json', other.key));
    held.socket.write(Buffer.alloc(40_000, ' '));
    await poll({ what: 'its bytes', look: bodyBytes, isDone: (seen) => seen === 40_000, timeoutMs: 5_000 });
    const refused = await open(beginning('POST /v1/messages', 100_000));
    refused.socket.write(Buffer.alloc(90_000, ' '));
    await poll({ what: 'it', look: refused.seen, isDone: (text) => text.includes('overloaded'), timeoutMs: 5_000 });
    refused.socket.write(Buffer.alloc(10_000, ' '));
    refused.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await poll({ what: 'the next', look: refused.seen, isDone: (text) => text.includes('200 OK'), timeoutMs: 5_000 });
    expect(await bodyBytes()).toBe(40_000);
  });

  it('gives one tenant no more than its share of calls and bytes, and the others the rest', async () => {
    await start({ tenantRequests: 2, keyedBodyBytes: 100_000 });
    const other = await test.makeTenant();
    const first = await open(beginning('POST /v1/messages', 100_000));
    first.socket.write(Buffer.alloc(40_000, ' '));
    await poll({ what: 'its bytes', look: bodyBytes, isDone: (seen) => seen === 40_000, timeoutMs: 5_000 });
    expect((await test.call('POST /v1/channels', { body: { name: 'x'.repeat(20_000) } })).at('code')).toBe(
      'overloaded',
    );
    const asOther = { body: { name: 'x'.repeat(20_000) }, key: other.key };
    expect((await test.call('POST /v1/channels', asOther)).status).toBe(422);
    await open(beginning('POST /v1/messages', 2));
    await whenInFlight(2);
    expect((await test.call('GET /v1/channels')).at('code')).toBe('overloaded');
    expect((await test.call('GET /v1/channels', { key: other.key })).status).toBe(200);
    expect(await shedFor('share')).toBe(2);
  });

  it('lets nobody queue for the database without end', async () => {
    await start({ databaseQueue: 3 });
    // Calls with one key share its look-up, and keys that were not seen yet are looked up a few at a time.
    const tenants = await Promise.all(Array.from({ length: 4 }, () => test.makeTenant()));
    for (const { key } of tenants) expect((await test.call('GET /v1/channels', { key })).status).toBe(200);
    const held = await Promise.all(Array.from({ length: 20 }, () => test.database.pool.connect()));
    const [last, ...first] = tenants;
    const waiting = first.map(({ key }) => test.call('GET /v1/channels', { key }));
    const refused = await test.call('GET /v1/channels', { key: last?.key ?? '' });
    expect([refused.at('code'), refused.headers['retry-after']]).toEqual(['overloaded', '1']);
    expect((await test.call('GET /livez', { key: null })).status).toBe(200);
    for (const client of held) client.release();
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200]);
    expect(await shedFor('database_queue')).toBeGreaterThan(0);
  });

  it('waits no more than 5 s for a database that gives no connection', async () => {
    await start({});
    const held = await Promise.all(Array.from({ length: 20 }, () => test.database.pool.connect()));
    const answer = await test.call('GET /v1/channels');
    expect([answer.status, answer.at('code'), answer.headers['retry-after']]).toEqual([
      503,
      'service_unavailable',
      '5',
    ]);
    for (const client of held) client.release();
    expect((await test.call('GET /v1/channels')).status).toBe(200);
  });

  it('closes connections above its bound, and no other', async () => {
    await start({ connections: 2 });
    const kept = await open();
    await open();
    await (
      await open()
    ).closed;
    kept.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await poll({ what: 'an answer', look: kept.seen, isDone: (text) => text.includes('200 OK'), timeoutMs: 5_000 });
    expect(kept.socket.destroyed).toBe(false);
  });
});

describe('a body that does not come', () => {
  it('is given up with a problem document, and its connection closed', async () => {
    await start({ bodyMs: 200 });
    const late = await open(beginning('POST /v1/messages', 100));
    late.socket.write('{"to":');
    await late.closed;
    expect(late.seen()).toMatch(/^HTTP\/1.1 408 [\s\S]+application\/problem\+json[\s\S]+"code":"request_timeout"/);
    expect((await test.call('GET /v1/channels')).status).toBe(200);
  });

  it('is given up long before where it only drips, so that it holds no place', async () => {
    await start({ bodyPaceMs: 300, bodyBytesPerSecond: 1_000 });
    const drip = await open(beginning('POST /v1/messages', 100_000));
    const dripping = setInterval(() => drip.socket.write(' '), 50);
    await drip.closed;
    clearInterval(dripping);
    expect(drip.seen()).toMatch(/^HTTP\/1.1 408 [\s\S]+slower than 1000 bytes a second/);

    const steady = await open(beginning('POST /v1/messages', 8_000));
    const flowing = setInterval(() => steady.socket.write(' '.repeat(500)), 50);
    await poll({
      what: 'an answer',
      look: steady.seen,
      isDone: (text) => text.includes('malformed_json'),
      timeoutMs: 5_000,
    });
    clearInterval(flowing);
  });

  it('is waited for where it is an import, which is read line by line', async () => {
    await start({ bodyMs: 200 });
    const line = '{"merchantId":"m","userId":"u","active":true,"language":"en","push":{"enabled":false,"tokens":[]}}\n';
    const slow = await open(beginning('POST /v1/directory/import', line.length * 2, 'application/x-ndjson'));
    slow.socket.write(line);
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    expect(slow.seen()).toBe('');
    slow.socket.write(line);
    await poll({ what: 'it', look: slow.seen, isDone: (text) => text.includes('"imported":2'), timeoutMs: 5_000 });
  });
});
