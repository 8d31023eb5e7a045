import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let owner: pg.Client;
beforeAll(async () => {
  test = await startTestApp();
  owner = new pg.Client({ connectionString: test.database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await test.close();
});

describe('a caller whose request meets a database that cannot write for the moment', () => {
  // Both were answered with `500 internal_error` and without a word about when to come again.
  it.each([
    ['25006: a standby', 'set default_transaction_read_only = on', ''],
    ['55P03: a lock that is held for too long', 'set lock_timeout = 200', 'lock table merchant in share mode'],
  ])('%s: is asked to come again', async (_what, setting, meanwhile) => {
    const setUp = (client: pg.PoolClient) => void client.query(setting);
    test.database.pool.on('acquire', setUp);
    await owner.query(`begin; ${meanwhile}`);
    const answer = await test.call('PUT /v1/directory/merchants/m-1', { body: { name: 'Acme' } });
    test.database.pool.off('acquire', setUp);
    await owner.query('rollback');
    expect([answer.status, answer.at('code'), answer.headers['retry-after']]).toEqual([
      503,
      'service_unavailable',
      '5',
    ]);
  });
});

describe('a transaction', () => {
  // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed: the caller was told of success.
  it('that Postgres rolled back at its commit is not told as committed', async () => {
    const work = test.database.transactions.withTenant(test.tenantId, async (tx) => {
      await tx.query({ text: 'select 1 / 0' }).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('rolled back');
  });
});
