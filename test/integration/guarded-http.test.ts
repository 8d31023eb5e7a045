import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import type { GuardedHttp, HttpRequest } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { RawServer } from '../support/raw-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function createHttp(options: Partial<Parameters<typeof createGuardedHttp>[0]> = {}): GuardedHttp {
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  const http = createGuardedHttp({ guard, connectionsPerOwner: 1, ...options });
  cleanUps.push(() => http.close());
  return http;
}

async function serve(onSocket: (socket: Socket) => void): Promise<RawServer & { url: string }> {
  const server = await startRawServer(onSocket);
  cleanUps.push(() => server.close());
  return { ...server, url: `http://127.0.0.1:${server.port}/hook` };
}

/** Answers each request, once it is there, with these pieces; `{…}` bodies are short enough to come in one piece. */
function replying(...pieces: readonly (string | Buffer)[]): (socket: Socket) => void {
  return (socket) => {
    socket.on('data', (chunk) => {
      if (chunk.includes('}')) for (const piece of pieces) socket.write(piece);
    });
  };
}

function answerOf(body: string, head = ''): string {
  return `HTTP/1.1 200 OK\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const post: Omit<HttpRequest, 'url'> = {
  owner: { tenantId: 'ten_1', destination: 'chn_1' },
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"a":1}',
  timeoutMs: 2000,
};
const longWaitMs = 10_000;

describe('an upstream that answers', () => {
  it('is read once, and its connection serves the next request', async () => {
    const server = await serve(replying(answerOf('¡Hola!')));
    const http = createHttp();
    for (let count = 0; count < 3; count += 1) {
      const outcome = await http.request({ ...post, url: `${server.url}?n=${count}` });
      expect(outcome).toMatchObject({ answered: true, status: 200, retryAfterMs: null, body: '¡Hola!' });
    }
    expect(server.sockets).toHaveLength(1);
    expect(server.received().match(/POST \/hook\?n=\d HTTP\/1\.1\r\n/g)).toHaveLength(3);
    expect(server.received()).toMatch(/accept-encoding: identity\r\n/i);
  });

  // Kernel's 200 was taken for nonsense, and the message sent once more.
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is read also where it is compressed unasked: %s', async (encoding, compress) => {
    const body = compress('{"ok":"¡Hola!"}');
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const server = await serve(replying(Buffer.concat([Buffer.from(head), body])));
    const outcome = await createHttp().request({ ...post, url: server.url });
    expect(outcome).toMatchObject({ answered: true, status: 200, body: '{"ok":"¡Hola!"}' });
    expect(outcome).not.toHaveProperty('cutShort');
  });

  it.each([
    ['is too long when it is unpacked', gzipSync(Buffer.alloc(10_000_000)), 'too_long'],
    ['is no such thing', Buffer.from('plain'), 'broken'],
  ])('may be compressed in a way that %s, and is an answer all the same', async (_what, body, cutShort) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    const server = await serve(replying(Buffer.concat([Buffer.from(head), body])));
    expect(await createHttp().request({ ...post, url: server.url })).toMatchObject({ status: 200, body: '', cutShort });
  });

  it('may redirect, and is not followed', async () => {
    const target = await serve(replying(answerOf('secret')));
    const server = await serve(replying(`HTTP/1.1 302 Found\r\nlocation: ${target.url}\r\ncontent-length: 0\r\n\r\n`));
    expect(await createHttp().request({ ...post, url: server.url })).toMatchObject({ answered: true, status: 302 });
    expect(target.sockets).toHaveLength(0);
  });

  it('may say with a date when to come back', async () => {
    const server = await serve(replying(answerOf('', 'retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n')));
    const http = createHttp({ nowMs: () => Date.parse('1994-11-06T08:49:00Z') });
    expect(await http.request({ ...post, url: server.url })).toMatchObject({ retryAfterMs: 37_000 });
  });

  it('may send informational heads first', async () => {
    const server = await serve(replying('HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\n\r\n', answerOf('x')));
    expect(await createHttp().request({ ...post, url: server.url })).toMatchObject({ status: 200, retryAfterMs: null });
  });

  it('may close its idle connection, which costs a new one and no request', async () => {
    const server = await serve(replying(answerOf('x')));
    const http = createHttp();
    expect(await http.request({ ...post, url: server.url })).toMatchObject({ status: 200 });
    server.sockets[0]?.end();
    expect(await http.request({ ...post, url: server.url })).toMatchObject({ status: 200 });
    expect(server.sockets).toHaveLength(2);
  });
});

describe('an answer that is too much', () => {
  it('is cut off where it never ends, and its connection closed', async () => {
    const server = await serve((socket) => {
      const flood = () => {
        while (!socket.destroyed && socket.write('é'.repeat(1000)));
      };
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nx');
        socket.on('drain', flood);
        flood();
      });
    });
    const outcome = await createHttp().request({ ...post, url: server.url, timeoutMs: longWaitMs });
    if (!outcome.answered) throw new Error(outcome.detail);
    expect(outcome.body).toMatch(/^xé+$/);
    expect(Buffer.byteLength(outcome.body)).toBe(64 * 1024 - 1);
    expect(server.sockets[0]?.bytesWritten).toBeLessThan(50_000_000);
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true));
  });

  it('is not inflated when it is a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`;
    const server = await serve(replying(head, bomb));
    const outcome = await createHttp().request({ ...post, url: server.url });
    if (!outcome.answered) throw new Error(outcome.detail);
    expect(outcome.body.length).toBeLessThanOrEqual(64 * 1024);
    expect(outcome.body).not.toContain('\u0000');
  });

  it('may be read further where the caller says so', async () => {
    const server = await serve(replying(answerOf('y'.repeat(100_000))));
    const outcome = await createHttp().request({ ...post, url: server.url, maxBodyBytes: 1_000_000 });
    expect(outcome).toMatchObject({ answered: true, body: 'y'.repeat(100_000) });
  });

  it('ends the exchange when it floods the head', async () => {
    const server = await serve(replying('HTTP/1.1 200 OK\r\n', `x-a: ${'b'.repeat(1000)}\r\n`.repeat(40), '\r\n'));
    const outcome = await createHttp().request({ ...post, url: server.url });
    expect(outcome).toMatchObject({ answered: false, fault: 'reset_after_body' });
  });
});

describe('an answer that breaks', () => {
  it('keeps its status and what came when the connection is reset in the body', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"half":');
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const outcome = await createHttp().request({ ...post, url: server.url });
    expect(outcome).toMatchObject({ answered: true, status: 201, body: '{"half":' });
  });

  it('keeps its status and what came when the body drips too slowly', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      const drip = setInterval(() => socket.write('z'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const outcome = await createHttp().request({ ...post, url: server.url, timeoutMs: 300 });
    expect(outcome).toMatchObject({ answered: true, status: 200, body: expect.stringMatching(/^z+$/) });
    expect(outcome.durationMs).toBeGreaterThanOrEqual(295);
    expect(outcome.durationMs).toBeLessThan(1500);
  });

  it('is a time-out when the head drips', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nx: '));
      const drip = setInterval(() => socket.write('z'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const outcome = await createHttp().request({ ...post, url: server.url, timeoutMs: 300 });
    expect(outcome).toMatchObject({ answered: false, fault: 'timeout' });
  });

  it('is a time-out when only an informational head comes', async () => {
    const server = await serve(replying('HTTP/1.1 103 Early Hints\r\n\r\n'));
    const outcome = await createHttp().request({ ...post, url: server.url, timeoutMs: 100 });
    expect(outcome).toMatchObject({ answered: false, fault: 'timeout' });
  });

  it('is a time-out when nothing comes, and the connection is not used again', async () => {
    const server = await serve(() => undefined);
    const http = createHttp();
    const outcomes = [
      await http.request({ ...post, url: server.url, timeoutMs: 100 }),
      await http.request({ ...post, url: server.url, timeoutMs: 100 }),
    ];
    expect(outcomes).toMatchObject([{ fault: 'timeout' }, { fault: 'timeout' }]);
    expect(server.received().match(/POST/g)).toHaveLength(2);
    await vi.waitFor(() => expect(server.sockets.slice(0, 2).map((socket) => socket.destroyed)).toEqual([true, true]));
  });

  it.each([
    ['is reset after the request', (socket: Socket) => void socket.resetAndDestroy()],
    ['is closed after the request', (socket: Socket) => void socket.end()],
    ['is not HTTP', (socket: Socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('may have had its effect when it %s', async (_case, misbehave) => {
    const server = await serve((socket) => {
      socket.once('data', () => misbehave(socket));
    });
    const outcome = await createHttp().request({ ...post, url: server.url });
    expect(outcome).toMatchObject({ answered: false, fault: 'reset_after_body' });
    expect(server.sockets).toHaveLength(1);
  });

  it('may have had its effect when a connection that was kept open is reset, and is not sent again', async () => {
    let count = 0;
    const server = await serve((socket) => {
      socket.on('data', () => {
        count += 1;
        if (count === 1) socket.write(answerOf('x'));
        else socket.resetAndDestroy();
      });
    });
    const http = createHttp();
    expect(await http.request({ ...post, url: server.url })).toMatchObject({ status: 200 });
    expect(await http.request({ ...post, url: server.url })).toMatchObject({ fault: 'reset_after_body' });
    await sleep(50);
    expect([count, server.sockets.length]).toEqual([2, 1]);
  });
});
