import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import type { GuardedHttp, HttpRequest } from '../../src/upstreams/guarded-http/guarded-http.ts';
import type { ResolveName } from '../../src/upstreams/guarded-http/resolve-host.ts';
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

/** Answers every request; closes the connection after it where told so. */
async function serve(answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'): Promise<RawServer> {
  const server = await startRawServer((socket) => {
    socket.on('data', () => answer !== '' && socket.write(answer));
  });
  cleanUps.push(() => server.close());
  return server;
}

const nowhere = { addresses: [], ttlMs: 0 };
const answering = (addresses: readonly string[]) => Promise.resolve({ addresses, ttlMs: 0 });

const post: Omit<HttpRequest, 'url'> = {
  owner: { tenantId: 'ten_1', destination: 'chn_1' },
  method: 'POST',
  headers: {},
  body: '{"a":1}',
  timeoutMs: 2000,
};

describe('a connection that cannot be opened', () => {
  it('is refused where nobody listens', async () => {
    const server = await startRawServer(() => undefined);
    await server.close();
    expect(await createHttp().request({ ...post, url: `http://127.0.0.1:${server.port}/` })).toMatchObject({
      answered: false,
      fault: 'connection_refused',
      detail: 'The connection to 127.0.0.1 could not be opened (ECONNREFUSED).',
    });
  });

  it('is given up after the connect time-out, and nothing was sent', async () => {
    const server = await serve('');
    const http = createHttp({ connectTimeoutMs: 150 });
    const outcome = await http.request({ ...post, url: `https://127.0.0.1:${server.port}/` });
    expect(outcome).toMatchObject({ fault: 'connection_refused', detail: expect.stringContaining('connect time-out') });
    expect(server.received()).not.toContain('POST');
  });

  it('is a TLS fault where the other side speaks something else', async () => {
    const server = await serve('HTTP/1.1 400 Bad Request\r\n\r\n');
    const outcome = await createHttp().request({ ...post, url: `https://127.0.0.1:${server.port}/` });
    expect(outcome).toMatchObject({ answered: false, fault: 'tls' });
  });

  it('is safe to try again when it is reset in the TLS handshake', async () => {
    const server = await startRawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    cleanUps.push(() => server.close());
    const outcome = await createHttp().request({ ...post, url: `https://127.0.0.1:${server.port}/` });
    expect(outcome).toMatchObject({ answered: false, fault: 'reset_before_body' });
  });

  it('is waited for only so long when all others are taken, and the request then never goes out', async () => {
    const server = await serve('');
    const http = createHttp({ dnsTimeoutMs: 50, connectTimeoutMs: 50 });
    const url = `http://127.0.0.1:${server.port}/`;
    const first = http.request({ ...post, url: `${url}first`, timeoutMs: 400 });
    await vi.waitFor(() => expect(server.received()).toContain('POST /first'));
    const second = await http.request({ ...post, url: `${url}second` });
    expect(second).toMatchObject({ fault: 'local_capacity', detail: expect.stringContaining('nothing was sent') });
    expect(await first).toMatchObject({ fault: 'timeout' });
    await http.request({ ...post, url: `${url}third`, timeoutMs: 100 });
    expect(server.received()).toContain('POST /third');
    expect(server.received()).not.toContain('POST /second');
  });
});

describe('a caller that changes its mind before the first byte', () => {
  it('is asked right before the write, once, and its refusal is no fault of the destination', async () => {
    const server = await serve();
    const http = createHttp();
    const url = `http://127.0.0.1:${server.port}/`;
    const beforeWrite = vi.fn<() => void>(() => {
      throw new Error('The batch was cancelled.');
    });
    const outcome = await http.request({ ...post, url: `${url}withdrawn`, beforeWrite });
    expect(outcome).toMatchObject({
      answered: false,
      fault: 'withdrawn',
      detail: 'The batch was cancelled. Nothing was sent.',
    });
    expect(beforeWrite).toHaveBeenCalledTimes(1);
    // The connection is as good as new for the next request.
    expect(await http.request({ ...post, url: `${url}next`, beforeWrite: () => undefined })).toMatchObject({
      status: 200,
    });
    expect(server.sockets).toHaveLength(1);
    expect(server.received()).not.toContain('/withdrawn');
  });
});

describe('a host that is a name', () => {
  it('is resolved for each connection, and dialled where it resolves to', async () => {
    const server = await serve('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    const resolveName = vi.fn<ResolveName>(() => answering(['127.0.0.1']));
    const http = createHttp({ resolveName });
    for (const path of ['a', 'b']) {
      const outcome = await http.request({ ...post, url: `http://shop.example:${server.port}/${path}` });
      expect(outcome).toMatchObject({ answered: true, status: 200 });
    }
    expect(resolveName.mock.calls).toEqual([['shop.example'], ['shop.example']]);
    expect(server.received()).toContain(`host: shop.example:${server.port}`);
  });

  it('is refused when it answers otherwise the second time', async () => {
    const server = await serve('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const http = createHttp({ resolveName: () => answering(answers.shift() ?? []) });
    const url = `http://rebind.example:${server.port}/`;
    expect(await http.request({ ...post, url })).toMatchObject({ answered: true });
    expect(await http.request({ ...post, url })).toMatchObject({ answered: false, fault: 'url_not_allowed' });
  });

  it.each([[['127.0.0.1', '10.0.0.1']], [['::1', '127.0.0.1']], [['127.0.0.1', '::ffff:169.254.169.254']]])(
    'is refused as a whole for one bad answer among %j, without saying which',
    async (addresses) => {
      const server = await serve();
      const http = createHttp({ resolveName: () => answering(addresses) });
      const outcome = await http.request({ ...post, url: `http://mixed.example:${server.port}/` });
      expect(outcome).toMatchObject({
        fault: 'url_not_allowed',
        detail: 'The host mixed.example stands for an address that is not allowed.',
      });
      expect(server.sockets).toHaveLength(0);
    },
  );

  it.each([
    ['does not exist', () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })), '(ENOTFOUND)'],
    ['has no address', () => answering([]), 'has no address'],
    ['is never answered', () => sleep(10_000, nowhere, { ref: false }), 'within 100 ms'],
  ])('is a DNS fault when it %s', async (_case, resolveName, detail) => {
    const http = createHttp({ resolveName, dnsTimeoutMs: 100 });
    const outcome = await http.request({ ...post, url: 'https://gone.example/' });
    expect(outcome).toMatchObject({ answered: false, fault: 'dns', detail: expect.stringContaining(detail) });
  });

  it('is looked up once for connections that open together', async () => {
    const server = await serve();
    const resolveName = vi.fn<ResolveName>(() => sleep(50, { addresses: ['127.0.0.1'], ttlMs: 0 }));
    const http = createHttp({ resolveName, connectionsPerOwner: 5 });
    const requests = Array.from({ length: 5 }, () =>
      http.request({ ...post, url: `http://a.example:${server.port}/` }),
    );
    expect(await Promise.all(requests)).toMatchObject(requests.map(() => ({ status: 200 })));
    expect(resolveName).toHaveBeenCalledTimes(1);
    expect(server.sockets).toHaveLength(5);
  });

  it('is localhost without a resolver', async () => {
    const server = await serve();
    const http = createHttp({ resolveName: () => answering(['10.0.0.1']) });
    expect(await http.request({ ...post, url: `http://localhost:${server.port}/` })).toMatchObject({ status: 200 });
  });
});

describe('a request that must not go out', () => {
  it('is stopped by the guard before anything is dialled', async () => {
    const server = await serve();
    const http = createHttp({ guard: createUrlGuard({ allowHttp: true, allowNetworks: [] }) });
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
      const outcome = await http.request({ ...post, url: `http://${host}:${server.port}/` });
      expect(outcome).toMatchObject({ answered: false, fault: 'url_not_allowed', durationMs: 0 });
    }
    expect(server.sockets).toHaveLength(0);
  });

  it('is stopped when a header cannot be written, naming no value and hurting no later request', async () => {
    const server = await serve();
    const http = createHttp();
    const url = `http://127.0.0.1:${server.port}/`;
    const outcome = await http.request({ ...post, url, headers: { authorization: 'Bearer s3cret\r\nx-evil: 1' } });
    expect(outcome).toMatchObject({ fault: 'url_not_allowed', detail: expect.stringContaining('authorization') });
    expect(JSON.stringify(outcome)).not.toContain('s3cret');
    expect(await http.request({ ...post, url })).toMatchObject({ status: 200 });
  });

  it('is a fault of the caller after the client was closed, which lets running requests end', async () => {
    const server = await startRawServer((socket) => {
      socket.on('data', () => setTimeout(() => socket.write('HTTP/1.1 204 No Content\r\n\r\n'), 200));
    });
    cleanUps.push(() => server.close());
    const http = createHttp();
    const url = `http://127.0.0.1:${server.port}/`;
    const running = http.request({ ...post, url });
    await vi.waitFor(() => expect(server.received()).toContain('POST'));
    await http.close();
    expect(await running).toMatchObject({ answered: true, status: 204 });
    await expect(http.request({ ...post, url })).rejects.toThrow('closed');
  });
});
