import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kernel } from '../../demo/stand-ins/kernel-interface.ts';
import { startKernel } from '../../demo/stand-ins/kernel.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createKernelAccess } from '../../src/upstreams/kernel/kernel-access.ts';
import { createMediaSource } from '../../src/upstreams/kernel/media-source.ts';
import { type BotFixture, openBotFixture } from '../support/bot-fixture.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const accessToken = 'token-which-nobody-may-see';
let test: TestApp;
let kernel: Kernel;
let bot: BotFixture;
let baseUrl: string;
const urlGuard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
const http = createGuardedHttp({ guard: urlGuard, connectionsPerOwner: 2 });

beforeAll(async () => {
  kernel = await startKernel();
  test = await startTestApp({
    urlGuard,
    mediaSource: createMediaSource({ http, access: createKernelAccess({ http, nowMs: Date.now }) }),
  });
  bot = await openBotFixture(test, { apiBaseUrl: `${kernel.url}/v23.0` });
  kernel.setChannel({ phoneNumberId: '1061', appSecret: 'secret', accessToken });
  baseUrl = await test.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await test.close();
  await http.close();
  await kernel.stop();
});

const servers: RawServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const attachmentAt = ({ path }: BotFixture, id: string) => `${baseUrl}${path}/v3/attachments/${id}`;
const bytesAt = (place: BotFixture, id: string) => `${attachmentAt(place, id)}/views/original`;

/** A bot at a Kernel that answers each request, by its first line, with what `answer` writes. */
async function openBotOf(
  answer: (requestLine: string, socket: Socket, server: RawServer) => void,
  app: TestApp = test,
) {
  const server: RawServer = await startRawServer((socket) => {
    socket.on('data', (chunk: Buffer) => answer(chunk.toString('latin1').split('\r\n', 1)[0] ?? '', socket, server));
  });
  servers.push(server);
  const place = await openBotFixture(app, { apiBaseUrl: `http://127.0.0.1:${server.port}/v23.0` });
  return { server, place };
}

function replyTo(socket: Socket, status: number, body: string, head = ''): void {
  socket.write(`HTTP/1.1 ${status} X\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Asks as a caller who can leave at any moment; resolves with the first line of the answer. */
async function startReading(url: string): Promise<{ readonly socket: Socket; readonly head: string }> {
  const { host, hostname, port, pathname } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  return { socket, head: first.toString('latin1').split('\r\n', 1)[0] ?? '' };
}

async function problemOf(url: string): Promise<unknown[]> {
  const answer = await fetch(url);
  const { code } = (await answer.json()) as { code: string }; // cast: compared by the caller
  return [answer.status, code, answer.headers.get('retry-after')];
}

describe("a user's media", () => {
  it('is described as the Bot Framework does', async () => {
    const id = kernel.addMedia({ mimeType: 'audio/ogg; codecs=opus', bytes: randomBytes(1_000) });
    const answer = await fetch(attachmentAt(bot, id));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { type: 'audio/ogg; codecs=opus', views: [{ viewId: 'original', size: 1_000 }] },
    ]);
  });

  it('comes byte by byte as it was sent, to be saved and never shown', async () => {
    const bytes = randomBytes(3 * 1024 * 1024);
    const id = kernel.addMedia({ mimeType: 'text/html', bytes });
    const answer = await fetch(bytesAt(bot, id));
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-length': String(bytes.length),
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('is asked for with the token of the channel as it is now', async () => {
    const id = kernel.addMedia({ mimeType: 'image/png', bytes: randomBytes(10) });
    const place = await openBotFixture(test, { apiBaseUrl: `${kernel.url}/v23.0`, accessToken: 'old-token' });
    expect(await problemOf(bytesAt(place, id))).toEqual([502, 'media_refused', null]);
    await test.call(`PATCH /v1/channels/${place.channelId}`, { body: { accessToken } });
    expect((await fetch(bytesAt(place, id))).status).toBe(200);
  });

  it.each(['123', 'a.b', '..%2Fmessages', 'x'.repeat(129)])('is not found as %s', async (id) => {
    expect(await problemOf(attachmentAt(bot, id))).toEqual([404, 'media_not_found', null]);
    expect(await problemOf(bytesAt(bot, id))).toEqual([404, 'media_not_found', null]);
  });

  it('has one view, and no other address', async () => {
    const id = kernel.addMedia({ mimeType: 'image/png', bytes: randomBytes(10) });
    expect(await problemOf(`${attachmentAt(bot, id)}/views/thumbnail`)).toEqual([404, 'not_found', null]);
    const wrong = { ...bot, path: bot.path.slice(0, -1) };
    expect(await problemOf(bytesAt(wrong, id))).toEqual([404, 'not_found', null]);
  });
});

describe('media of a Kernel that fails', () => {
  it.each([
    [404, '', 404, 'media_not_found', null],
    [403, '', 502, 'media_refused', null],
    [429, 'retry-after: 7\r\n', 503, 'media_unavailable', '7'],
    [503, '', 503, 'media_unavailable', '5'],
    [302, 'location: http://127.0.0.1/\r\n', 503, 'media_unavailable', '5'],
  ])('with %i is a problem', async (answered, head, status, code, retryAfter) => {
    const first = await openBotOf((_line, socket) => replyTo(socket, answered, '{}', head));
    expect(await problemOf(bytesAt(first.place, '1'))).toEqual([status, code, retryAfter]);
    const second = await openBotOf((line, socket, { port }) => {
      if (line.includes('/v23.0/')) replyTo(socket, 200, JSON.stringify({ url: `http://127.0.0.1:${port}/bytes` }));
      else replyTo(socket, answered, 'sorry', head);
    });
    expect(await problemOf(bytesAt(second.place, '1'))).toEqual([status, code, retryAfter]);
    expect(second.server.received().match(/authorization: Bearer token-which/g)).toHaveLength(2);
  });

  it('is unavailable where nobody listens, or where no address is named', async () => {
    const { place, server } = await openBotOf((_line, socket) => replyTo(socket, 200, '{"id":"1"}'));
    expect(await problemOf(bytesAt(place, '1'))).toEqual([503, 'media_unavailable', '5']);
    await server.close();
    expect(await problemOf(attachmentAt(place, '1'))).toEqual([503, 'media_unavailable', '5']);
  });

  it.each(['http://169.254.169.254/latest', 'http://10.0.0.1/a', 'ftp://127.0.0.1/a', 'nonsense'])(
    'is refused at the address %s',
    async (url) => {
      const { place } = await openBotOf((_line, socket) => replyTo(socket, 200, JSON.stringify({ url })));
      expect(await problemOf(bytesAt(place, '1'))).toEqual([502, 'media_refused', null]);
    },
  );

  it('is refused where it is too large, as it is described or as it comes', async () => {
    const tooLarge = 100 * 1024 * 1024 + 1;
    const told = await openBotOf((_line, socket) =>
      replyTo(socket, 200, JSON.stringify({ url: 'http://127.0.0.1/a', file_size: String(tooLarge) })),
    );
    expect(await problemOf(attachmentAt(told.place, '1'))).toEqual([502, 'media_too_large', null]);
    const sent = await openBotOf((line, socket, { port }) => {
      if (line.includes('/v23.0/')) replyTo(socket, 200, JSON.stringify({ url: `http://127.0.0.1:${port}/bytes` }));
      else socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${tooLarge}\r\n\r\n`);
    });
    expect(await problemOf(bytesAt(sent.place, '1'))).toEqual([502, 'media_too_large', null]);
    await vi.waitFor(() => expect(sent.server.sockets.some(({ destroyed }) => destroyed)).toBe(true));
  });

  it('breaks off for the caller where Kernel breaks off, so that no half file is taken for a whole', async () => {
    const { place } = await openBotOf((line, socket, { port }) => {
      if (line.includes('/v23.0/')) replyTo(socket, 200, JSON.stringify({ url: `http://127.0.0.1:${port}/bytes` }));
      else socket.end('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 1000\r\n\r\nhalf');
    });
    const answer = await fetch(bytesAt(place, '1'));
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });

  it('is not fetched on when the caller has gone', async () => {
    const { place, server } = await openBotOf((line, socket, { port }) => {
      if (line.includes('/v23.0/')) replyTo(socket, 200, JSON.stringify({ url: `http://127.0.0.1:${port}/bytes` }));
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nfirst');
    });
    const { socket: caller } = await startReading(bytesAt(place, '1'));
    caller.destroy();
    await vi.waitFor(() => expect(server.sockets.some(({ destroyed }) => destroyed)).toBe(true));
  });

  it('holds up no others: a channel has a bounded number of downloads at once, and its place back after each', async () => {
    const wide = createGuardedHttp({ guard: urlGuard, connectionsPerOwner: 32 });
    const access = createKernelAccess({ http: wide, nowMs: Date.now });
    const crowd = await startTestApp({ urlGuard, mediaSource: createMediaSource({ http: wide, access }) });
    const { place } = await openBotOf((line, socket, { port }) => {
      if (line.includes('/v23.0/')) replyTo(socket, 200, JSON.stringify({ url: `http://127.0.0.1:${port}/bytes` }));
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nfirst');
    }, crowd);
    const url = `${await crowd.app.listen({ host: '127.0.0.1', port: 0 })}${place.path}/v3/attachments/1/views/original`;
    const callers = await Promise.all(Array.from({ length: 8 }, () => startReading(url)));
    expect(callers.map(({ head }) => head)).toEqual(Array(8).fill('HTTP/1.1 200 OK'));
    expect(await problemOf(url)).toEqual([503, 'media_unavailable', '5']);
    callers[0]?.socket.destroy();
    const next = await vi.waitFor(async () => {
      const caller = await startReading(url);
      expect(caller.head).toBe('HTTP/1.1 200 OK');
      return caller;
    });
    for (const { socket } of [...callers, next]) socket.destroy();

    await crowd.close();

    await wide.close();
  });
});
