import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aWhatsappChannel, adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

interface Page {
  readonly data: { readonly id: string; readonly name: string }[];
  readonly nextCursor: string | null;
}

describe("another tenant's key", () => {
  it('finds and changes nothing', async () => {
    const channel = await test.call('POST /v1/channels', { body: aWhatsappChannel() });
    const key = await test.call('POST /v1/api-keys', { body: { name: 'mine', scopes: ['jobs:read'] } });
    await test.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com' } });
    await test.call('PUT /v1/directory/merchants/m-1/users/u-1', { body: { active: true, language: 'en' } });
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({
        text: `insert into problem (id, tenant_id, code, source, class, occurred_at, document)
          values ('prb_1', $1, 'x', 'api', 'permanent', now(), '{"code":"x"}')`,
        values: [test.tenantId],
      }),
    );
    const other = await test.makeTenant();
    const id = String(channel.at('id'));
    const routes: [string, object?][] = [
      [`GET /v1/channels/${id}`],
      [`PATCH /v1/channels/${id}`, { name: 'taken over' }],
      [`POST /v1/channels/${id}/pause`],
      [`POST /v1/channels/${id}/resume`],
      [`DELETE /v1/channels/${id}`],
      [`DELETE /v1/api-keys/${String(key.at('id'))}`],
      ['GET /v1/integrations/erp'],
      ['PATCH /v1/integrations/erp', { errorsAs: 'string' }],
      ['DELETE /v1/integrations/erp'],
      ['GET /v1/directory/merchants/m-1'],
      ['GET /v1/directory/merchants/m-1/users/u-1'],
      ['GET /v1/problems/prb_1'],
    ];
    for (const [route, body] of routes) {
      const answer = await test.call(route, { key: other.key, body });
      expect([route, answer.status, answer.at('code')]).toEqual([route, 404, 'not_found']);
    }
    for (const list of ['/v1/channels', '/v1/integrations']) {
      expect((await test.call(`GET ${list}`, { key: other.key })).at('data')).toEqual([]);
    }
    expect((await test.call(`GET /v1/channels/${id}`)).body).toEqual(channel.body);
    expect((await test.call('GET /v1/integrations/erp')).at('errorsAs')).toBe('array');
    const problem = await test.call('GET /v1/problems/prb_1');
    expect([problem.status, problem.text, problem.headers['content-type']]).toEqual([
      200,
      '{"code":"x"}',
      'application/problem+json',
    ]);
  });

  it('may use the same names', async () => {
    const other = await test.makeTenant();
    const put = { body: { active: false, language: 'fr' }, key: other.key };
    expect((await test.call('PUT /v1/directory/merchants/m-1/users/u-1', put)).status).toBe(200);
    expect((await test.call('GET /v1/directory/merchants/m-1/users/u-1')).at('language')).toBe('en');
    await test.call('PUT /v1/target-screens', { body: { ONLY: [] }, key: other.key });
    expect((await test.call('GET /v1/target-screens')).body).toEqual({});
  });
});

describe('a list', () => {
  it('neither repeats nor skips while it is written to', async () => {
    const { key } = await test.makeTenant();
    const make = (name: string) =>
      test.call('POST /v1/integrations', { body: { name, url: 'https://erp.example.com' }, key });
    const names = Array.from({ length: 11 }, (_, index) => `i-${index}`);
    for (const name of names) await make(name);
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const answer = (await test.call(`GET /v1/integrations?limit=3${query}`, { key })).body as Page;
      expect(answer.data.length).toBeLessThanOrEqual(3);
      seen.push(...answer.data.map(({ name }) => name));
      cursor = answer.nextCursor;
      await make(`later-${page}`);
    }
    expect(seen).toEqual(names.toReversed());
  });

  it('is newest first, 50 long when nobody says how long, and at most 200', async () => {
    const { key } = await test.makeTenant();
    for (let index = 0; index < 51; index += 1) {
      await test.call('POST /v1/api-keys', { body: { name: `k-${index}`, scopes: ['jobs:read'] }, key });
    }
    const page = (await test.call('GET /v1/api-keys', { key })).body as Page;
    expect([page.data.length, page.data[0]?.name]).toEqual([50, 'k-50']);
    const last = (await test.call(`GET /v1/api-keys?cursor=${page.nextCursor ?? ''}`, { key })).body as Page;
    expect([last.data.length, last.nextCursor]).toEqual([2, null]);
    const exact = (await test.call('GET /v1/api-keys?limit=52', { key })).body as Page;
    expect([exact.data.length, exact.nextCursor]).toEqual([52, null]);
    expect((await test.call('GET /v1/api-keys?limit=201', { key })).status).toBe(422);
    const tenants = await test.call('GET /v1/tenants?limit=1', { key: adminKey });
    expect(tenants.at('nextCursor')).toEqual(expect.any(String));
  });
});

describe('row level security', () => {
  async function listTables(): Promise<{ name: string; forced: boolean }[]> {
    const owner = new pg.Client({ connectionString: test.database.url });
    await owner.connect();
    const { rows } = await owner.query<{ name: string; forced: boolean }>(
      `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced from pg_class c
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
          and (c.relname = 'tenant' or exists (
            select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
        order by 1`,
    );
    await owner.end();
    return rows;
  }

  it("is forced on every table that holds a tenant's rows", async () => {
    const tables = await listTables();
    expect(tables.length).toBeGreaterThan(20);
    expect(tables.filter(({ forced }) => !forced)).toEqual([]);
  });

  it('shows the runtime role nothing while no tenant is set, and lets it write nothing', async () => {
    const { rows: role } = await test.database.pool.query('select current_user::text as name');
    expect(role).toEqual([{ name: 'waypost_app' }]);
    for (const { name } of await listTables()) {
      const { rows } = await test.database.pool.query(`select 1 from ${name} limit 1`);
      expect([name, rows]).toEqual([name, []]);
    }
    const insert = test.database.pool.query("insert into tenant (id, name) values ('ten_x', 'x')");
    await expect(insert).rejects.toThrow('row-level security');
  });

  it('shows each tenant its own rows only', async () => {
    const other = await test.makeTenant();
    const tenants = await test.database.transactions.withTenant(other.id, (tx) =>
      tx.query({ text: 'select tenant_id from api_key union all select id from tenant' }),
    );
    expect(tenants).toEqual([{ tenant_id: other.id }, { tenant_id: other.id }]);
    const foreign = test.database.transactions.withTenant(other.id, (tx) =>
      tx.execute({ text: "insert into merchant (tenant_id, id) values ($1, 'm')", values: [test.tenantId] }),
    );
    await expect(foreign).rejects.toThrow('row-level security');
  });
});
