import pg from 'pg';
import type { Receiver } from './people.ts';

const rowsPerInsert = 1_000;

export interface InsertFloor {
  /** Inserts a recipient's and an inbox row for each, a thousand in one statement; returns the milliseconds it took. */
  insert(tenantId: string, receivers: readonly Receiver[]): Promise<number>;
  stop(): Promise<void>;
}

/** What Postgres alone needs for the rows of a notification: tables like the product's, with its indexes, and nothing else. */
export async function openInsertFloor(databaseUrl: string): Promise<InsertFloor> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    create table bench_recipient (like recipient including all);
    create table bench_inbox (like inbox_notification including all)`);
  let count = 0;
  return {
    async insert(tenantId, receivers) {
      const jobId = `ntf_floor_${(count += 1)}`;
      const users = receivers.flatMap(({ merchantId, userIds }) => userIds.map((userId) => ({ merchantId, userId })));
      const startedMs = performance.now();
      for (let from = 0; from < users.length; from += rowsPerInsert) {
        const page = users.slice(from, from + rowsPerInsert);
        await client.query({
          name: 'bench-floor',
          text: `
            with given as (
              select id, ordinal, merchant_id, user_id
              from unnest($3::text[], $4::integer[], $5::text[], $6::text[]) as given (id, ordinal, merchant_id, user_id)
            ), told as (
              insert into bench_recipient
                (tenant_id, job_id, ordinal, merchant_id, user_id, state, notification_id, updated_at)
              select $1, $2, ordinal, merchant_id, user_id, 'delivered', id, now() from given
            )
            insert into bench_inbox (id, tenant_id, merchant_id, user_id, center, job_id, created_at)
            select id, $1, merchant_id, user_id, 'user', $2, now() from given`,
          values: [
            tenantId,
            jobId,
            page.map((_user, index) => `nfn_${jobId}_${from + index}`),
            page.map((_user, index) => from + index),
            page.map(({ merchantId }) => merchantId),
            page.map(({ userId }) => userId),
          ],
        });
      }
      return performance.now() - startedMs;
    },
    stop: () => client.end(),
  };
}
