import pg from 'pg';
import { listTenantTables } from './find-in-tables.ts';

/** Counts from now on the rows that each transaction deletes, those that go along with others included. */
export async function countDeletions(ownerUrl: string): Promise<() => Promise<number[]>> {
  const tables = await listTenantTables(ownerUrl);
  await run(
    ownerUrl,
    `create table counted_deletion (transaction xid8 not null, rows bigint not null);
     create function count_deletion() returns trigger language plpgsql as $$ begin
       insert into counted_deletion select pg_current_xact_id(), count(*) from gone;
       return null;
     end $$;
     grant select, insert on counted_deletion to public;
     ${tables
       .map(
         (table) =>
           `create trigger counted after delete on ${table} referencing old table as gone
              for each statement execute function count_deletion();`,
       )
       .join('\n')}`,
  );
  return async () => {
    const rows = await run(
      ownerUrl,
      `select sum(rows)::integer as count from counted_deletion group by transaction order by transaction`,
    );
    return rows.map(({ count }) => Number(count));
  };
}

async function run(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
