// Pushes were sent in waves of 25, each behind a look at the batch: six transactions for a hundred, and a slow answer held
// up the next wave.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
let statements = 0;
const users = Array.from({ length: 500 }, (_user, index) => `user-${index}`);

beforeAll(async () => {
  bench = await openPushFixture();
  await bench.register('m1', ['user-0']);
  await bench.rows(`insert into directory_user select (jsonb_populate_record(one, jsonb_build_object('id', 'user-' || n,
    'push_enabled', true))).* from directory_user one, generate_series(1, 499) n where one.id = 'user-0'`);
  await bench.rows(`update directory_user set push_enabled = true`);
  await bench.rows(`insert into push_token (tenant_id, merchant_id, user_id, token, registered_at)
    select tenant_id, merchant_id, id, id || '-token', now() from directory_user`);
  const counted = new WeakSet<object>();
  bench.database.pool.on('acquire', (client) => {
    if (counted.has(client)) return;
    counted.add(client);
    const query = client.query.bind(client);
    client.query = ((...given: Parameters<typeof query>) => {
      statements += 1;
      return query(...given);
    }) as typeof client.query;
  });
});
beforeEach(() => bench.push.clear());
afterAll(() => bench.close());

/** Sends a page and tells what it cost. */
async function countPage(job: Job) {
  await bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
  const before = { transactions: bench.transactionCount(), statements };
  const done = await bench.activities.processPage({
    tenantId: bench.tenantId,
    jobId: job.id,
    fromOrdinal: 0,
    size: 5_000,
  });
  const transactions = bench.transactionCount() - before.transactions;
  return { done, transactions, statements: statements - before.statements };
}

describe('five hundred pushes, fifty at a time', () => {
  it('take a transaction for each 25 answers or more, with a dozen statements each', async () => {
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, delayMs: 20 });
    const { done, ...count } = await countPage(await bench.notify(users));
    expect(done).toEqual({ done: 500, isCancelled: false });
    expect(count.transactions).toBeLessThanOrEqual(5 + 500 / 25);
    expect(count.statements / count.transactions).toBeLessThanOrEqual(13);
    expect(users.filter((user) => bench.sendsTo(`${user}-token`) !== 1)).toEqual([]);
  });

  it('are not held up by one that is answered late', async () => {
    const lateMs = 1_500;
    const answer = { body: { name: 'projects/shop/messages/1' } };
    bench.push.answerAlways({ ...answer, delayMs: 10 });
    bench.push.script('user-0-token', [{ ...answer, delayMs: lateMs }]);
    const { done } = await countPage(await bench.notify(users));
    expect(done).toEqual({ done: 500, isCancelled: false });
    const sends = bench.push.requests.list();
    const startedMs = sends.find(({ token }) => token === 'user-0-token')?.at ?? 0;
    expect(sends.filter(({ at }) => at > startedMs + lateMs)).toEqual([]);
  });
});
