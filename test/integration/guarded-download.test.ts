import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DownloadRequest } from '../../src/upstreams/guarded-http/download.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

type HttpOptions = Partial<Parameters<typeof createGuardedHttp>[0]>;

/** One connection an origin: whatever keeps it makes the next request fail. */
function createHttp(options: HttpOptions = {}) {
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  const http = createGuardedHttp({ guard, connectionsPerOwner: 1, ...options });
  cleanUps.push(() => http.close());
  return http;
}

type Http = ReturnType<typeof createHttp>;

async function serve(onRequest: (socket: Socket) => void): Promise<RawServer & { url: string }> {
  const server = await startRawServer((socket) => socket.on('data', () => onRequest(socket)));
  cleanUps.push(() => server.close());
  return { ...server, url: `http://127.0.0.1:${server.port}/media?sig=1` };
}

function askFor(url: string, bounds: Partial<DownloadRequest> = {}): DownloadRequest {
  return {
    owner: { tenantId: 'ten_1', destination: 'chn_1' },
    url,
    headers: { authorization: 'Bearer token' },
    headersTimeoutMs: 2_000,
    idleTimeoutMs: 2_000,
    totalTimeoutMs: 10_000,
    maxBytes: 10_000_000,
    signal: new AbortController().signal,
    ...bounds,
  };
}

async function open(http: Http, request: DownloadRequest) {
  const outcome = await http.download(request);
  if (!outcome.answered) throw new Error(outcome.detail);
  return outcome;
}

const headOf = (length: number, more = '') => `HTTP/1.1 200 OK\r\n${more}content-length: ${length}\r\n\r\n`;
/** Sends without end, as fast as it is taken. */
function flood(socket: Socket): void {
  const write = () => {
    while (!socket.destroyed && socket.write(Buffer.alloc(64 * 1024)));
  };
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  socket.on('drain', write);
  write();
}
const readAll = (body: Readable) => buffer(body);
const isClosed = (server: RawServer) => vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true));

describe('a download', () => {
  it('hands on the bytes as they are, and its connection serves the next one', async () => {
    const bytes = randomBytes(3_000_000);
    const server = await serve((socket) => {
      socket.write(headOf(bytes.length, 'content-type: image/jpeg\r\n'));
      socket.write(bytes);
    });
    const http = createHttp();
    for (let count = 0; count < 2; count += 1) {
      const outcome = await open(http, askFor(server.url));
      expect(outcome).toMatchObject({ status: 200, contentType: 'image/jpeg', contentLength: bytes.length });
      expect((await readAll(outcome.body)).equals(bytes)).toBe(true);
    }
    expect(server.sockets).toHaveLength(1);
    expect(server.received()).toMatch(/^GET \/media\?sig=1 HTTP\/1\.1\r\n/);
    expect(server.received()).toMatch(/authorization: Bearer token\r\n/);
  });

  it('takes no more than its reader does', async () => {
    const server = await serve(flood);
    const { body } = await open(createHttp(), askFor(server.url, { maxBytes: Number.MAX_SAFE_INTEGER }));
    // Once the buffers between are full nothing moves, and the reader's own slowness is no time-out of the upstream.
    let before = -1;
    await vi.waitFor(() => {
      const written = server.sockets[0]?.bytesWritten ?? 0;
      const hasStopped = written > 0 && written === before;
      before = written;
      expect(hasStopped).toBe(true);
    });
    expect(before).toBeLessThan(50_000_000);
    body.destroy();
    await isClosed(server);
  });

  it('may be redirected, and is not followed', async () => {
    const target = await serve((socket) => socket.write(headOf(0)));
    const server = await serve((socket) =>
      socket.write(`HTTP/1.1 302 Found\r\nlocation: ${target.url}\r\ncontent-length: 0\r\n\r\n`),
    );
    const { status, body } = await open(createHttp(), askFor(server.url));
    expect([status, (await readAll(body)).length, target.sockets.length]).toEqual([302, 0, 0]);
  });

  it('never leaves for an address that is not allowed, by its text or by what its name stands for', async () => {
    const server = await serve((socket) => socket.write(headOf(0)));
    const closed = createHttp({ guard: createUrlGuard({ allowHttp: true, allowNetworks: [] }) });
    expect(await closed.download(askFor(server.url))).toMatchObject({ answered: false, fault: 'url_not_allowed' });
    const named = createHttp({
      guard: createUrlGuard({ allowHttp: true, allowNetworks: [] }),
      resolveName: async () => ({ addresses: ['127.0.0.1'], ttlMs: 0 }),
    });
    const byName = askFor(`http://media.test:${server.port}/`);
    expect(await named.download(byName)).toMatchObject({ answered: false, fault: 'url_not_allowed' });
    const secure = createHttp({ guard: createUrlGuard({ allowHttp: false, allowNetworks: ['127.0.0.0/8'] }) });
    expect(await secure.download(askFor(server.url))).toMatchObject({ fault: 'url_not_allowed' });
    expect(server.sockets).toHaveLength(0);
  });
});

describe('a download that breaks', () => {
  it('ends with an error where the upstream is reset in the body', async () => {
    const server = await serve((socket) => {
      socket.write(headOf(100));
      socket.write('half', () => setTimeout(() => socket.resetAndDestroy(), 20));
    });
    const { body } = await open(createHttp(), askFor(server.url));
    await expect(readAll(body)).rejects.toMatchObject({ fault: 'reset_after_body' });
  });

  it('ends with an error where the upstream sends more than it may, whatever it said', async () => {
    const server = await serve(flood);
    const { body, contentLength } = await open(createHttp(), askFor(server.url, { maxBytes: 1_000_000 }));
    expect(contentLength).toBeNull();
    await expect(readAll(body)).rejects.toMatchObject({ fault: 'reset_after_body' });
    await isClosed(server);
  });

  it.each([
    ['stands still', { idleTimeoutMs: 100 }, () => undefined],
    [
      'drips',
      { totalTimeoutMs: 300 },
      (socket: Socket) => {
        const drip = setInterval(() => socket.write('z'), 20);
        socket.once('close', () => clearInterval(drip));
      },
    ],
  ])('ends with an error where the upstream %s', async (_case, bounds, dawdle) => {
    const server = await serve((socket) => {
      socket.write(headOf(1_000_000));
      dawdle(socket);
    });
    const { body } = await open(createHttp(), askFor(server.url, bounds));
    await expect(readAll(body)).rejects.toMatchObject({ fault: 'timeout' });
    await isClosed(server);
  });

  it('has no answer where no head comes in time', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'));
    const outcome = await createHttp().download(askFor(server.url, { headersTimeoutMs: 100 }));
    expect(outcome).toMatchObject({ answered: false, fault: 'timeout' });
    await isClosed(server);
  });

  it('has no answer where nobody listens', async () => {
    const server = await serve(() => undefined);
    await server.close();
    const outcome = await createHttp().download(askFor(server.url));
    expect(outcome).toMatchObject({ answered: false, fault: 'connection_refused' });
  });
});

describe('a reader who goes away', () => {
  it('in the middle of the body leaves no connection behind', async () => {
    const server = await serve(flood);
    const http = createHttp();
    const { body } = await open(http, askFor(server.url));
    for await (const chunk of body) {
      expect(chunk).toBeInstanceOf(Buffer);
      break; // leaving the loop destroys the body
    }
    await isClosed(server);
    // The pool has one connection: it is free for the next.
    const next = await open(http, askFor(server.url));
    next.body.destroy();
  });

  it('before the head leaves no connection behind', async () => {
    const server = await serve(() => undefined);
    const leaving = new AbortController();
    const asked = createHttp().download(askFor(server.url, { signal: leaving.signal }));
    await vi.waitFor(() => expect(server.received()).toContain('GET'));
    leaving.abort();
    expect(await asked).toMatchObject({ answered: false });
    await isClosed(server);
  });

  it('before anything was sent costs no request', async () => {
    const server = await serve(() => undefined);
    const outcome = await createHttp().download(askFor(server.url, { signal: AbortSignal.abort() }));
    expect(outcome).toMatchObject({ answered: false });
    expect(server.sockets).toHaveLength(0);
  });
});
