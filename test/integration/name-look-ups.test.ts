import { pbkdf2 } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGuardedHttp, type GuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createNameResolver } from '../../src/upstreams/guarded-http/name-resolver.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { type NameServer, startNameServer } from '../support/name-server.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';

/**
 * Names were once looked up on libuv's four threads: a tenant with five names that nobody answers for held them all, and
 * other tenants' new connections failed with "dns" and used up retries.
 */
const dnsTimeoutMs = 600;

let server: RawServer;
let folder: string;
beforeAll(async () => {
  server = await startRawServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'));
  });
  folder = await mkdtemp(join(tmpdir(), 'waypost-names-'));
  await writeFile(join(folder, 'hosts'), '127.0.0.1 named.here Also.Named # 127.0.0.9 not.this\nnonsense here\n');
  await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\nsearch corp.example.\n');
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

let names: NameServer;
let http: GuardedHttp;
beforeEach(async () => {
  names = await startNameServer({
    'healthy.example': { address: '127.0.0.1', ttlSeconds: 60 },
    'moving.example': { address: '127.0.0.1', ttlSeconds: 0 },
    'printer.corp.example': { address: '127.0.0.1', ttlSeconds: 60 },
    'inner.example': { address: '10.0.0.1', ttlSeconds: 60 },
  });
  const resolveName = createNameResolver({
    timeoutMs: dnsTimeoutMs,
    nameServers: [names.address],
    hostsPath: join(folder, 'hosts'),
    configurationPath: join(folder, 'resolv.conf'),
  });
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  http = createGuardedHttp({ guard, connectionsPerOwner: 10, dnsTimeoutMs, resolveName });
});
afterEach(async () => {
  await http.close();
  await names.close();
});

function call(host: string, tenantId = 'ten_b') {
  const url = `http://${host}:${server.port}/`;
  const owner = { tenantId, destination: host };
  return http.request({ owner, method: 'POST', url, headers: {}, body: '{}', timeoutMs: 5_000 });
}

const deadCalls = (count: number) =>
  Array.from({ length: count }, (_, index) => call(`dead-${index}.example`, 'ten_a'));

describe("one tenant's names that nobody answers for", () => {
  it("hold up no other tenant's", async () => {
    const dead = Promise.all(deadCalls(5)).then(() => 'dead');
    const healthy = call('healthy.example').then((outcome) => outcome);
    expect(await Promise.race([dead, healthy])).toMatchObject({ answered: true, status: 200 });
    await dead;
  });

  it('are looked up a few at a time: what never began is a fault of our own, and not of the destination', async () => {
    const dead = Promise.all(deadCalls(40));
    expect(await call('healthy.example')).toMatchObject({ answered: true });
    const faults = (await dead).map((outcome) => (outcome.answered ? 'none' : outcome.fault));
    expect(new Set(faults)).toEqual(new Set(['dns', 'local_capacity']));
    expect(faults.filter((fault) => fault === 'dns').length).toBeLessThanOrEqual(16);
  });

  it('fail at once for a while after they have failed', async () => {
    await call('dead.example');
    const asked = names.asked.length;
    expect(await call('dead.example')).toMatchObject({ answered: false, fault: 'dns' });
    expect(names.asked).toHaveLength(asked);
  });
});

describe('a name', () => {
  it('is looked up while all threads of the process are busy', async () => {
    const hash = promisify(pbkdf2);
    let isThreadFree = false;
    const busy = Array.from({ length: 6 }, async () => {
      await hash('x', 'y', 500_000, 64, 'sha512');
      isThreadFree = true;
    });
    expect(await call('healthy.example')).toMatchObject({ answered: true });
    expect(await call('named.here')).toMatchObject({ answered: true });
    expect(isThreadFree).toBe(false);
    await Promise.all(busy);
  });

  it('is asked for again only when its time is over', async () => {
    for (const host of ['healthy.example', 'healthy.example', 'moving.example', 'moving.example']) await call(host);
    expect(names.asked.filter((name) => name === 'healthy.example A')).toHaveLength(1);
    expect(names.asked.filter((name) => name === 'moving.example A')).toHaveLength(2);
  });

  it.each(['named.here', 'also.named'])('of the hosts file needs no name server: %s', async (host) => {
    expect(await call(host)).toMatchObject({ answered: true });
    expect(names.asked).toEqual([]);
  });

  it('without a dot is looked for in the search domain', async () => {
    expect(await call('printer')).toMatchObject({ answered: true });
  });

  it.each([
    ['does not exist', 'missing.example', 'dns'],
    ['is in a comment of the hosts file', 'not.this', 'dns'],
    ['stands for an inner address', 'inner.example', 'url_not_allowed'],
  ])('is no address to dial where it %s', async (_case, host, fault) => {
    expect(await call(host)).toMatchObject({ answered: false, fault });
  });
});

describe('destinations behind one host', () => {
  it('have connections of their own: one that hangs takes none from another', async () => {
    // Sixty-four connections to a gateway were all tenants': one number that hung there made the others' messages fail.
    const gateway = await startRawServer((socket) => {
      socket.on('data', (chunk) => {
        if (!chunk.includes('hangs')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
    const crowd = createGuardedHttp({ guard, connectionsPerOwner: 2, dnsTimeoutMs: 200, connectTimeoutMs: 200 });
    const send = (tenantId: string, destination: string, path: string) =>
      crowd.request({
        owner: { tenantId, destination },
        method: 'POST',
        url: `http://127.0.0.1:${gateway.port}/${path}`,
        headers: {},
        body: null,
        timeoutMs: 1_000,
      });
    const hanging = Array.from({ length: 4 }, () => send('ten_a', 'chn_a', 'hangs'));
    expect(await send('ten_b', 'chn_b', 'works')).toMatchObject({ answered: true });
    expect(await send('ten_a', 'chn_other', 'works')).toMatchObject({ answered: true });
    const faults = (await Promise.all(hanging)).map((outcome) => (outcome.answered ? 'none' : outcome.fault));
    expect(faults.toSorted()).toEqual(['local_capacity', 'local_capacity', 'timeout', 'timeout']);
    await crowd.close();
    await gateway.close();
  });
});
