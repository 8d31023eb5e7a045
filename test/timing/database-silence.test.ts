import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool, type Pool } from '../../src/store/pool.ts';
import { isTransientFault } from '../../src/store/database-faults.ts';
import { createTransactions, type Transactions } from '../../src/store/transactions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = `ten_${'0'.repeat(26)}`;
const silenceMs = 300;

let database: TestDatabase;
let network: Awaited<ReturnType<typeof startNetwork>>;
let pool: Pool;
let transactions: Transactions;

beforeAll(async () => {
  database = await createTestDatabase();
  network = await startNetwork(new URL(database.url));
  const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(network.port) });
  pool = createPool({ connectionString: url.href, size: 3, silenceMs, onIdleError: () => undefined });
  transactions = createTransactions({ pool });
});
afterAll(async () => {
  await pool.end();
  network.close();
  await database.close();
});

/** A way to Postgres that can be cut: nothing is closed, nothing arrives any more. */
async function startNetwork(server: URL) {
  const sockets: Socket[] = [];
  let isCut = false;
  const way = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => {
        if (!isCut) to.write(chunk);
      });
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => {
    way.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (way.address() as AddressInfo).port, // it listens on TCP
    cut: (cut: boolean) => (isCut = cut),
    close: () => {
      for (const socket of sockets) socket.destroy();
      way.close();
    },
  };
}

const ask = () => transactions.withTenant(tenantId, (tx) => tx.query({ text: 'select 1 as one' }));
const askAcross = () => transactions.acrossTenants((tx) => tx.query({ text: 'select 1 as one' }));

describe('a Postgres that has fallen silent', () => {
  it('is an outage after a while, and its connections are not used again', async () => {
    expect(await Promise.all([ask(), ask(), askAcross()])).toHaveLength(3);
    network.cut(true);
    const failures = await Promise.all(
      [ask(), ask(), askAcross()].map((each) => each.then(() => 'answered').catch((error: unknown) => error)),
    );
    expect(failures.map((error) => error instanceof Error && isTransientFault(error))).toEqual([true, true, true]);
    network.cut(false);
    expect(await Promise.all([ask(), ask(), askAcross()])).toHaveLength(3);
    expect([pool.totalCount, pool.waitingCount]).toEqual([3, 0]);
  });
});
