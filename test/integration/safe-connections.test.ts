import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool, requireSafeConnections, UnsafeConnectionError } from '../../src/store/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startOptionDroppingPooler } from '../support/option-dropping-pooler.ts';
import { runSql } from '../support/product-fixture.ts';

const login = `waypost_login_${randomBytes(6).toString('hex')}`;
const password = 'secret';
let database: TestDatabase;
let pooler: Awaited<ReturnType<typeof startOptionDroppingPooler>>;

beforeAll(async () => {
  database = await createTestDatabase();
  pooler = await startOptionDroppingPooler(database.url);
  await runSql(database.url, `create role ${login} login password '${password}' in role waypost_app`);
});
afterAll(async () => {
  pooler.close();
  await runSql(database.url, `drop role ${login}`);
  await database.close();
});

const urlOfLogin = () => Object.assign(new URL(database.url), { username: login, password }).href;

async function withPool<Result>(
  connectionString: string,
  use: (pool: ReturnType<typeof createPool>) => Promise<Result>,
): Promise<Result> {
  const pool = createPool({ connectionString, size: 2, onIdleError: () => undefined });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

const whatHolds = (url: string) =>
  withPool(url, async (pool) => {
    await requireSafeConnections(pool);
    const { rows } = await pool.query(
      `select current_user::text as role, current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle,
        current_setting('application_name') as name`,
    );
    return rows[0] as unknown;
  });

const ours = { role: 'waypost_app', statement: '20s', lock: '10s', idle: '10s' };

describe('connections of the runtime', () => {
  // The driver let them replace ours: with `?options=` every statement ran as the login itself, without time-outs.
  it('keep role and time-outs beside the start-up options of the URL, and against them', async () => {
    const options = '-c application_name=theirs -c statement_timeout=0 -c role=none';
    expect(await whatHolds(`${database.url}?options=${encodeURIComponent(options)}`)).toEqual({
      ...ours,
      name: 'theirs',
    });
  });

  it('are refused where a pooler drops start-up options, at the start and ever after', async () => {
    const refusal = /^Postgres runs this connection as \w+ and not as waypost_app, .*docs\/operations\.md says\.$/;
    await withPool(pooler.urlOf(database.url), async (pool) => {
      await expect(requireSafeConnections(pool)).rejects.toThrow(refusal);
      await expect(pool.query('select 1')).rejects.toThrow(UnsafeConnectionError);
      expect(pool.totalCount).toBe(0);
    });
  });

  it('are refused where the role holds and the time-outs do not', async () => {
    await runSql(database.url, `alter role ${login} set role = 'waypost_app'`);
    await expect(whatHolds(pooler.urlOf(urlOfLogin()))).rejects.toThrow(/^Postgres has statement_timeout at 0 ms/);
  });

  it('go through such a pooler where the login itself brings role and time-outs', async () => {
    await runSql(
      database.url,
      `alter role ${login} set role = 'waypost_app'; alter role ${login} set statement_timeout = '20s';
        alter role ${login} set lock_timeout = '10s'; alter role ${login} set idle_in_transaction_session_timeout = '10s'`,
    );
    expect(await whatHolds(pooler.urlOf(urlOfLogin()))).toMatchObject(ours);
  });

  it('are refused where the runtime role owns a table of ours', async () => {
    await runSql(
      database.url,
      'grant create on schema public to waypost_app; alter table merchant owner to waypost_app',
    );
    await expect(whatHolds(database.url)).rejects.toThrow(/^waypost_app owns Waypost's tables/);
  });

  it('do not keep a process from starting while Postgres is away', async () => {
    const away = Object.assign(new URL(database.url), { port: '1' }).href;
    await withPool(away, async (pool) => {
      await expect(requireSafeConnections(pool)).resolves.toBeUndefined();
    });
  });
});
