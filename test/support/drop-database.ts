import pg from 'pg';

/**
 * Ends the owner's own connections to a database, and drops it. Not `with (force)`: that would end autovacuum's worker as
 * well, which only a superuser may; without it the server sends that one away by itself.
 */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and usename = current_user',
      [name],
    );
    await client.query(`drop database if exists ${name}`);
  } finally {
    await client.end();
  }
}
