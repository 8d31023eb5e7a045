import { Connection } from '@temporalio/client';
import { createServer } from 'node:net';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createRegistry } from '../../src/http/registry.ts';
import { startWorkerHealth } from '../../src/http/worker-health.ts';
import { beatWorker } from '../../src/store/workers.ts';
import { checkTemporal } from '../../src/temporal/health.ts';
import { temporalIsWell } from '../support/app-dependencies.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp | null = null;
afterEach(async () => {
  await test?.close();
  test = null;
});

/** With a worker that serves these queues. */
async function start(
  changes: Parameters<typeof startTestApp>[0],
  queues: readonly string[] = ['workflows', 'sends', 'relays'],
): Promise<TestApp> {
  const app = await startTestApp(changes);
  test = app;
  await app.dependencies.transactions.acrossTenants((tx) => beatWorker(tx, { id: 'w1', queues, isLeaving: false }));
  return app;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const away = { temporal: 'away', namespace: undefined, searchAttributes: undefined };
const lacking = [
  ['temporal', { checkTemporal: async () => away }],
  ['temporal', { checkTemporal: () => new Promise<never>(() => {}) }],
  ['namespace', { checkTemporal: async () => ({ ...temporalIsWell, namespace: 'There is no namespace x.' }) }],
  ['searchAttributes', { checkTemporal: async () => ({ ...temporalIsWell, searchAttributes: 'lacks WaypostState' }) }],
  ['clock', { wallMs: () => Date.now() + 20_000 }],
] as const;

describe('/readyz of an api', () => {
  it('is ok where nothing lacks', async () => {
    const api = await start({});
    const names = ['postgres', 'schema', 'clock', 'temporal', 'namespace', 'searchAttributes', 'workers'];
    const checks = Object.fromEntries(names.map((name) => [name, 'ok']));
    const answer = await api.call('GET /readyz', { key: null });
    expect([answer.status, answer.body]).toEqual([200, { status: 'ok', checks, down: [], degraded: [], details: {} }]);
  });

  it.each(lacking)('names %s as degraded with 200, for intake works without it', async (name, changes) => {
    // It answered 503 without Temporal, and "all ok" without the namespace, the search attributes or a worker.
    const api = await start(changes);
    const answer = await api.call('GET /readyz', { key: null });
    expect([answer.status, answer.at('status'), answer.at('degraded')]).toEqual([200, 'degraded', [name]]);
    expect(answer.at(`details.${name}`)).toEqual(expect.any(String));
  });

  it('names the queue that no worker serves, and says how many workers there are', async () => {
    const api = await start({}, ['workflows', 'relays']);
    const answer = await api.call('GET /readyz', { key: null });
    expect([answer.status, answer.at('details.workers')]).toEqual([200, 'No worker serves sends.']);
    const figures = (await api.call('GET /metrics', { key: null })).text;
    expect(figures).toContain('waypost_workers{queue="relays"} 1');
    expect(figures).toContain('waypost_workers{queue="sends"} 0');
  });

  it('is 503 where the schema does not fit', async () => {
    const api = await start({ schemaVersion: '9999_later' });
    const answer = await api.call('GET /readyz', { key: null });
    expect([answer.status, answer.at('code'), answer.at('down')]).toEqual([503, 'service_unavailable', ['schema']]);
  });
});

describe('/readyz of a worker', () => {
  it.each(lacking)('is 503 without %s', async (name, changes) => {
    const { dependencies } = await start(changes);
    const port = await freePort();
    const health = await startWorkerHealth({
      ...dependencies,
      config: { host: '127.0.0.1', metricsPort: port, publicUrl: 'https://waypost.test' },
      metrics: createRegistry(),
      isRunning: () => true,
    });
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    const body = (await answer.json()) as { down: string[]; code: string }; // cast: the contract
    await health.stop();
    expect([answer.status, body.code, body.down]).toEqual([503, 'service_unavailable', [name]]);
  });
});

describe('probes and figures', () => {
  it('ask the database once a second, however many ask for them', async () => {
    // A few hundred GETs without a key filled the pool's queue, and every tenant was turned away.
    let asked = 0;
    const api = await start(({ transactions }) => ({
      probeCacheMs: 60_000,
      transactions: {
        ...transactions,
        acrossTenants(work) {
          asked += 1;
          return transactions.acrossTenants(work);
        },
      },
    }));
    await Promise.all(['/metrics', '/readyz'].map((path) => api.call(`GET ${path}`, { key: null })));
    const once = asked;
    const paths = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? '/metrics' : '/readyz'));
    const answers = await Promise.all(paths.map((path) => api.call(`GET ${path}`, { key: null })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(asked).toBe(once);
  });

  it('have no /metrics among the routes where it has a port of its own', async () => {
    const api = await start({ hasOwnMetricsPort: true });
    expect((await api.call('GET /metrics', { key: null })).status).toBe(404);
  });
});

describe('what is asked of Temporal', () => {
  it('tells the server, the namespace and the search attributes apart', async () => {
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    const here = await checkTemporal(connection, 'default');
    expect([here.temporal, here.namespace, here.searchAttributes]).toEqual([null, null, null]);
    const elsewhere = await checkTemporal(connection, 'nowhere');
    expect([elsewhere.temporal, elsewhere.namespace]).toEqual([null, 'There is no namespace nowhere.']);
    await connection.workflowService.registerNamespace({
      namespace: 'bare',
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never }, // cast: the client's type asks for a Long
    });
    const look = () => checkTemporal(connection, 'bare');
    let bare = await look();
    // A new namespace reaches all parts of the server within some seconds.
    for (let tries = 0; bare.namespace !== null && tries < 100; tries += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      bare = await look();
    }
    expect(bare.namespace).toBeNull();
    expect(bare.searchAttributes).toContain('WaypostTenant');
    await connection.close();
    expect((await checkTemporal(Connection.lazy({ address: '127.0.0.1:1' }), 'default')).temporal).toEqual(
      expect.any(String),
    );
  }, 60_000);
});
