import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage } from '../support/caller.ts';
import { testAdmissionLimits } from '../support/app-dependencies.ts';
import { poll } from '../support/poll.ts';
import { aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

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

async function setUp() {
  const { id, key } = await test.makeTenant();
  await test.call('POST /v1/integrations', { key, body: { name: 'erp', url: 'https://erp.example.com/' } });
  const channelId = String((await test.call('POST /v1/channels', { key, body: aWhatsappChannel() })).at('id'));
  return { id, key, channelId };
}
async function insert(tenantId: string, text: string): Promise<void> {
  await owner.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
  await owner.query(text);
}

const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
const notification = (members: object) => ({
  type: 'USER_CENTER_NOTIFICATION',
  integration: 'erp',
  titleI18n: { en: 'a' },
  messageI18n: { en: 'b' },
  receivers: [{ merchantId: 'm', userIds: ['u'] }],
  ...members,
});

describe('what is planned', () => {
  it.each([
    ['POST /v1/messages', (members: Record<string, unknown>) => aMessage(members)],
    ['POST /v1/notifications', notification],
  ])('by %s lies at most one year ahead', async (route, body) => {
    // `sendAt` 2998 and `expiresAt` 2999 were taken, and such rows are never purged.
    const { key } = await setUp();
    const send = (members: Record<string, unknown>) => test.call(route, { key, body: body(members) });
    expect(refusalOf(await send({ sendAt: inDays(367), expiresAt: inDays(368) }))).toEqual([
      422,
      'invalid_request',
      '/sendAt',
    ]);
    expect(refusalOf(await send({ expiresAt: '2999-01-01T00:00:00Z' }))).toEqual([
      422,
      'invalid_request',
      '/expiresAt',
    ]);
    expect((await send({ sendAt: inDays(364), expiresAt: inDays(365) })).status).toBe(202);
  });
});

describe('jobs that are scheduled or held', () => {
  it('have a bound of their own, which stops no message that may go at once', async () => {
    // 7,000 held messages were taken on a paused channel, and none of them counted.
    const { id, key, channelId } = await setUp();
    const { laterJobs } = testAdmissionLimits;
    await insert(
      id,
      `insert into job (id, tenant_id, kind, state, waiting_reason, request, wake_at, expires_at, created_at, updated_at)
        select 'msg_later_' || i, '${id}', 'message', case when i % 2 = 0 then 'held' else 'scheduled' end, 'channel_paused',
          '{}', now() + interval '1 day', now() + interval '1 day', now(), now()
        from generate_series(1, ${laterJobs - 1}) i`,
    );
    const send = (members: Record<string, unknown>) => test.call('POST /v1/messages', { key, body: aMessage(members) });
    const later = { sendAt: inDays(1) };
    expect((await send(later)).status).toBe(202);
    const refused = await send(later);
    expect([refused.status, refused.at('code'), refused.headers['retry-after']]).toEqual([
      429,
      'too_many_held_jobs',
      '60',
    ]);
    const batch = await test.call('POST /v1/messages/batch', {
      key,
      body: { messages: [aMessage(later), aMessage(), aMessage(later)] },
    });
    expect([batch.status, batch.at('data.0.code'), batch.at('data.1.state'), batch.at('data.2.code')]).toEqual([
      202,
      'too_many_held_jobs',
      'queued',
      'too_many_held_jobs',
    ]);
    const planned = await test.call('POST /v1/notifications', { key, body: notification(later) });
    expect([planned.status, planned.at('code')]).toEqual([429, 'too_many_held_jobs']);
    expect((await send({})).status).toBe(202);

    await test.call(`POST /v1/channels/${channelId}/pause`, { key });
    expect((await send({})).at('code')).toBe('too_many_held_jobs');
    await insert(id, "delete from job where id like 'msg_later_%'");
    await poll({ what: 'room', look: () => send({}), isDone: ({ status }) => status === 202, timeoutMs: 15_000 });
  });
});

describe('settings of a tenant', () => {
  const url = 'https://a.example.com/hook';
  it.each([
    ['POST /v1/channels', 500, aWhatsappChannel({ phoneNumberId: '7' }), 'channel'],
    ['POST /v1/integrations', 500, { name: 'one-more', url }, 'integration'],
    ['POST /v1/webhooks', 50, { url }, 'webhook'],
    ['POST /v1/api-keys', 500, { name: 'one-more', scopes: ['jobs:read'] }, 'api_key'],
  ])('made by %s are at most %i', async (route, max, body, table) => {
    const { id, key } = await setUp();
    await test.call('POST /v1/webhooks', { key, body: { url } });
    await insert(
      id,
      `create temp table copied as select * from ${table} where tenant_id = '${id}' limit 1;
        insert into ${table} select (jsonb_populate_record(c, jsonb_build_object('id', c.id || i) ||
          case when '${table}' = 'integration' then jsonb_build_object('name', 'n' || i) else '{}' end ||
          case when '${table}' = 'api_key' then jsonb_build_object('secret_hash', '\\x' || md5('${id}' || i)) else '{}' end)).*
        from copied c, generate_series(1, ${max} - (select count(*) from ${table} where tenant_id = '${id}')::integer - 1) i;
        drop table copied`,
    );
    expect((await test.call(route, { key, body })).status).toBe(201);
    const again = {
      ...body,
      ...('name' in body && { name: 'two-more' }),
      ...('phoneNumberId' in body && { phoneNumberId: '8' }),
    };
    const refused = await test.call(route, { key, body: again });
    expect([refused.status, refused.at('code')]).toEqual([409, 'limit_reached']);
    const other = await setUp();
    expect((await test.call(route, { key: other.key, body: again })).status).toBe(201);
  });
});
