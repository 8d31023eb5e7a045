import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSql } from '../support/product-fixture.ts';
import type { TestApp } from '../support/test-app.ts';
import { makeOwnedObjects } from '../support/walk/owned-objects.ts';
import { listTenantTables, readTenantRows } from '../support/walk/tenant-rows.ts';
import { startWalkedApp } from '../support/walk/walked-app.ts';

// What keeps tenants apart is what Postgres's own catalogue says, whatever the migrations meant.
let test: TestApp;
beforeAll(async () => {
  test = await startWalkedApp();
});
afterAll(() => test.close());

const ask = (sql: string) => runSql(test.database.url, sql);

describe('a table of tenants', () => {
  it('is under row level security that holds for its owner too', async () => {
    const tables = await listTenantTables(test);
    expect(tables.length).toBeGreaterThan(20);
    const open = await ask(
      `select relname from pg_class where relname in (${tables.map((name) => `'${name}'`).join()})
        and relnamespace = 'public'::regnamespace and not (relrowsecurity and relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
  });

  it("has one policy for the runtime role: the tenant's own rows, read and written", async () => {
    const policies = await ask(
      `select tablename as name, cmd, permissive, qual, with_check from pg_policies
        where schemaname = 'public' and (roles @> '{public}' or roles @> '{waypost_app}') order by 1`,
    );
    const ruleOf = (name: string) => {
      const column = name === 'tenant' ? 'id' : 'tenant_id';
      const rule = `(${column} = current_setting('waypost.tenant'::text, true))`;
      return { name, cmd: 'ALL', permissive: 'PERMISSIVE', qual: rule, with_check: rule };
    };
    expect(policies).toEqual((await listTenantTables(test)).map(ruleOf));
  });

  it("shows its owner's other policies to nobody but the owner", async () => {
    const others = await ask(
      `select tablename, policyname, roles::text[], qual from pg_policies
        where schemaname = 'public' and policyname <> 'tenant_rows'`,
    );
    expect(others.length).toBeGreaterThan(0);
    const [owner] = await ask(
      "select nspowner, pg_get_userbyid(relowner) as name from pg_class join pg_namespace n on n.oid = relnamespace where relname = 'job' and nspname = 'public'",
    );
    for (const { roles, qual } of others) {
      expect(roles).toEqual([owner?.['name']]);
      expect(qual).toBe("(current_setting('waypost.cross_tenant'::text, true) = 'on'::text)");
    }
  });

  it('shows no rows, and takes none, while no tenant is set', async () => {
    const owner = await makeOwnedObjects(test);
    const rows = await readTenantRows(test, owner.id);
    const empty = Object.keys(rows).filter((table) => rows[table]?.length === 0);
    expect(empty, 'what is empty proves nothing: give it a row in test/support/walk/owned-objects.ts').toEqual([]);
    for (const table of Object.keys(rows)) {
      const seen = await test.database.pool.query(`select 1 from ${table}`);
      // What may only be added to is refused outright.
      const deleted = await test.database.pool
        .query(`delete from ${table}`)
        .catch((error: Error) => ({ rowCount: error.message.startsWith('permission denied') ? 0 : error.message }));
      expect([table, seen.rowCount, deleted.rowCount]).toEqual([table, 0, 0]);
    }
    expect(await readTenantRows(test, owner.id)).toEqual(rows);
    const insert = test.database.pool.query("insert into tenant (id, name) values ('ten_x', 'x')");
    await expect(insert).rejects.toThrow('row-level security');
  });

  it('takes no row of another tenant', async () => {
    const other = await test.makeTenant();
    const foreign = test.database.transactions.withTenant(other.id, (tx) =>
      tx.execute({ text: "insert into merchant (tenant_id, id) values ($1, 'm')", values: [test.tenantId] }),
    );
    await expect(foreign).rejects.toThrow('row-level security');
  });
});

describe('what holds no tenant', () => {
  it('is the list of migrations, which the runtime role only reads, the leader of the sweeps and the workers, which it cannot see', async () => {
    const tables = await ask(
      `select relname as name, relkind::text as kind,
          array(select privilege_type::text from aclexplode(relacl) where grantee = 'waypost_app'::regrole) as granted
        from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') order by relname`,
    );
    const tenantTables = await listTenantTables(test);
    expect(tables.filter(({ name }) => !tenantTables.includes(String(name)))).toEqual([
      { name: 'schema_migration', kind: 'r', granted: ['SELECT'] },
      // Written by lead_sweeps() alone.
      { name: 'sweep_leader', kind: 'r', granted: [] },
      // Written by beat_worker(), read by list_workers().
      { name: 'worker_heartbeat', kind: 'r', granted: [] },
    ]);
  });
});

describe('the runtime role', () => {
  it('is the role of every connection, and no more than a role', async () => {
    const { rows } = await test.database.pool.query('select current_user::text as name');
    expect(rows).toEqual([{ name: 'waypost_app' }]);
    expect(
      await ask(
        `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin
          from pg_roles where rolname = 'waypost_app'`,
      ),
    ).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolcanlogin: false,
      },
    ]);
    expect(
      await ask("select roleid::regrole::text from pg_auth_members where member = 'waypost_app'::regrole"),
    ).toEqual([]);
  });

  it('owns nothing, in no database', async () => {
    const owned = await ask(
      "select classid::regclass::text, objid from pg_shdepend where refobjid = 'waypost_app'::regrole and deptype = 'o'",
    );
    expect(owned).toEqual([]);
  });

  it('may read and write rows, and nothing that row level security does not see', async () => {
    // `truncate` and foreign keys of its own would pass by the policies.
    const beyond = await ask(
      `select relname, privilege_type from pg_class, aclexplode(relacl)
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and grantee = 'waypost_app'::regrole
          and (privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') or is_grantable)`,
    );
    expect(beyond).toEqual([]);
    expect(await ask("select has_schema_privilege('waypost_app', 'public', 'create') as can")).toEqual([
      { can: false },
    ]);
  });
});

describe('the schema', () => {
  it('says of each table and column what it means, and of each index which query it serves', async () => {
    const silent = await ask(
      `select c.relname as name, a.attname as column from pg_class c
          left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and c.relkind = 'r'
        where c.relnamespace = 'public'::regnamespace and (c.relkind = 'r' or (c.relkind = 'i'
            and not exists (select 1 from pg_constraint where conindid = c.oid)))
          and (obj_description(c.oid, 'pg_class') is null
            or (c.relkind = 'r' and col_description(c.oid, a.attnum) is null))`,
    );
    expect(silent).toEqual([]);
  });
});

describe('what everybody may do', () => {
  it('is nothing: no table, no column, no sequence, no function', async () => {
    const granted = await ask(
      `select relname::text as name, privilege_type from pg_class, aclexplode(relacl)
          where relnamespace = 'public'::regnamespace and grantee = 0
        union all
        select attname::text, privilege_type from pg_attribute join pg_class c on c.oid = attrelid, aclexplode(attacl)
          where relnamespace = 'public'::regnamespace and grantee = 0
        union all
        select oid::regprocedure::text, privilege_type from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
          where pronamespace = 'public'::regnamespace and grantee = 0
        union all
        select defaclobjtype::text, privilege_type from pg_default_acl, aclexplode(defaclacl) where grantee = 0`,
    );
    expect(granted).toEqual([]);
  });
});

describe('a function that runs as its owner', () => {
  it('looks for tables where its caller cannot put any', async () => {
    const functions = await ask(
      `select oid::regprocedure::text as name, coalesce(proconfig::text, '') as settings from pg_proc
        where prosecdef and pronamespace = 'public'::regnamespace`,
    );
    expect(functions.length).toBeGreaterThan(10);
    const unsafe = functions.filter(({ settings }) => settings !== '{"search_path=public, pg_temp"}');
    expect(unsafe, 'their migration must say: set search_path = public, pg_temp').toEqual([]);
  });

  it("is not led astray by a temporary table of its caller's", async () => {
    const client = await test.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('create temporary table api_key (like public.api_key)');
      await client.query('grant select on api_key to public');
      await client.query(
        `insert into pg_temp.api_key (id, tenant_id, name, scopes, secret_hash, created_at)
          values ('key_x', 'ten_x', 'x', '{}', '\\x00', now())`,
      );
      expect((await client.query("select * from find_api_key('\\x00')")).rows).toEqual([]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
