import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditActions } from '../../src/domain/audit.ts';
import { aWhatsappChannel, adminKey, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string | null; readonly name: string };
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string | null };
  readonly changed: readonly string[];
  readonly requestId: string;
}

async function list(query = '', key = test.key): Promise<readonly Entry[]> {
  const answer = await test.call(`GET /v1/audit?limit=200${query}`, { key });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.text).not.toMatch(/which-nobody-may-see|whsec_|wp_|example\.com/);
  return (answer.body as { data: Entry[] }).data;
}

/** The entries that a call leaves, as action, target and members. */
async function entriesOf(route: string, body?: unknown): Promise<unknown[]> {
  const before = (await list()).length;
  const answer = await test.call(route, { body });
  expect(answer.status, answer.text).toBeLessThan(300);
  const entries = await list();
  return entries.slice(0, entries.length - before).map(({ action, target, changed }) => [action, target.id, changed]);
}

async function makeChannel(members: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return String((await test.call('POST /v1/channels', { body: aWhatsappChannel(members) })).at('id'));
}

describe('the audit', () => {
  it('tells that the operator made a tenant', async () => {
    const made = await test.call('POST /v1/tenants', {
      body: { name: 'New' },
      key: adminKey,
      headers: { 'x-request-id': 'made-by-hand' },
    });
    const entries = await list('', String(made.at('apiKey')));
    const byTheOperator = {
      id: expect.stringMatching(/^aud_[0-9a-z]{26}$/) as unknown,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
      actor: { kind: 'admin', id: null, name: 'admin' },
      requestId: 'made-by-hand',
    };
    const keys = await test.call('GET /v1/api-keys', { key: String(made.at('apiKey')) });
    expect(entries).toEqual([
      {
        ...byTheOperator,
        action: 'api_key.created',
        target: { type: 'api_key', id: keys.at('data.0.id') },
        changed: ['name', 'scopes'],
      },
      {
        ...byTheOperator,
        action: 'tenant.created',
        target: { type: 'tenant', id: made.at('id') },
        changed: ['defaultLanguage', 'name'],
      },
    ]);
  });

  it('keeps the name of a key that was deleted since', async () => {
    const made = await test.call('POST /v1/api-keys', { body: { name: 'Ana', scopes: ['config:write'] } });
    const id = String(made.at('id'));
    const key = String(made.at('apiKey'));
    await test.call('POST /v1/integrations', { body: { name: 'of-ana', url: 'https://a.example.com' }, key });
    expect(await entriesOf(`DELETE /v1/api-keys/${id}`)).toEqual([['api_key.revoked', id, []]]);
    const [entry] = await list('&target=of-ana');
    expect(entry?.actor).toEqual({ kind: 'api_key', id, name: 'Ana' });
    expect((await list(`&target=${id}`)).map(({ action }) => action)).toEqual(['api_key.revoked', 'api_key.created']);
  });

  it('tells what was done to a channel, by the names of what differs', async () => {
    const id = await makeChannel();
    const [created] = await list();
    expect(created).toMatchObject({ action: 'channel.created', target: { type: 'channel', id } });
    expect(created?.changed).toEqual(
      expect.arrayContaining(['accessToken', 'appSecret', 'kind', 'name', 'numRetries']),
    );
    expect(created?.changed).not.toContain('capability');
    const path = `/v1/channels/${id}`;
    const change = { accessToken: 'other-which-nobody-may-see', numRetries: 7, name: 'Main number' };
    expect(await entriesOf(`PATCH ${path}`, change)).toEqual([['channel.updated', id, ['accessToken', 'numRetries']]]);
    expect(await entriesOf(`PATCH ${path}`, change)).toEqual([]);
    expect(await entriesOf(`POST ${path}/pause`)).toEqual([['channel.paused', id, ['state']]]);
    expect(await entriesOf(`POST ${path}/pause`)).toEqual([]);
    expect(await entriesOf(`POST ${path}/resume`)).toEqual([['channel.resumed', id, ['state']]]);
    expect(await entriesOf(`POST ${path}/resume`)).toEqual([]);
    expect(await entriesOf(`DELETE ${path}`)).toEqual([['channel.deleted', id, []]]);
  });

  it('tells that new credentials resumed a channel', async () => {
    const id = await makeChannel();
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({ text: `update channel set state = 'paused', paused_reason = '{}' where id = $1`, values: [id] }),
    );
    const token = { accessToken: 'new-which-nobody-may-see' };
    expect(await entriesOf(`PATCH /v1/channels/${id}`, token)).toEqual([
      ['channel.updated', id, ['accessToken', 'state']],
    ]);
  });

  it('tells what was done to an integration', async () => {
    const url = 'https://erp.example.com';
    expect(await entriesOf('POST /v1/integrations', { name: 'erp', url })).toEqual([
      ['integration.created', 'erp', ['errorDelivery', 'errorsAs', 'name', 'retrySchedule', 'secret', 'url']],
    ]);
    const change = { url, apiKey: 'key-which-nobody-may-see', errorsAs: 'string', retrySchedule: [0] };
    const changed = ['apiKey', 'errorsAs', 'retrySchedule'];
    expect(await entriesOf('PATCH /v1/integrations/erp', change)).toEqual([['integration.updated', 'erp', changed]]);
    expect(await entriesOf('PATCH /v1/integrations/erp', change)).toEqual([]);
    expect(await entriesOf('DELETE /v1/integrations/erp')).toEqual([['integration.deleted', 'erp', []]]);
  });

  it('tells what was done to a webhook endpoint', async () => {
    const made = await test.call('POST /v1/webhooks', { body: { url: 'https://hook.example.com' } });
    const id = String(made.at('id'));
    const [created] = await list();
    expect([created?.action, created?.changed]).toEqual(['webhook.created', ['retrySchedule', 'secret', 'url']]);
    const path = `/v1/webhooks/${id}`;
    const change = { events: ['message.*'], url: 'https://hook.example.com' };
    expect(await entriesOf(`PATCH ${path}`, change)).toEqual([['webhook.updated', id, ['events']]]);
    expect(await entriesOf(`PATCH ${path}`, change)).toEqual([]);
    expect(await entriesOf(`POST ${path}/rotate-secret`)).toEqual([['webhook.secret_rotated', id, ['secret']]]);
    expect(await entriesOf(`POST ${path}/enable`)).toEqual([]);
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({ text: `update webhook set state = 'disabled' where id = $1`, values: [id] }),
    );
    expect(await entriesOf(`POST ${path}/enable`)).toEqual([['webhook.enabled', id, ['state']]]);
    expect(await entriesOf(`DELETE ${path}`)).toEqual([['webhook.deleted', id, []]]);
  });

  it('tells what the tenant has one of', async () => {
    const source = { kind: 'http', url: 'https://dir.example.com', apiKey: 'key-which-nobody-may-see' };
    const route = 'PUT /v1/directory/source';
    expect(await entriesOf(route, source)).toEqual([['directory_source.updated', null, ['apiKey', 'kind', 'url']]]);
    expect(await entriesOf(route, source)).toEqual([]);
    const screens = { CARD: ['cardID'] };
    expect(await entriesOf('PUT /v1/target-screens', screens)).toEqual([['target_screens.updated', null, ['CARD']]]);
    expect(await entriesOf('PUT /v1/target-screens', screens)).toEqual([]);
  });

  it('tells of a bulk retry once, however many jobs it ran again, and of none that did nothing', async () => {
    const channelId = await makeChannel();
    await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({
        text: `insert into job (id, tenant_id, kind, state, terminal, channel_id, request, expires_at, created_at, updated_at,
            finished_at)
          select 'msg_' || n, $1, 'message', 'failed', true, $2, '{}', now(), now(), now(), now() from generate_series(1, 1500) n`,
        values: [test.tenantId, channelId],
      }),
    );
    const filter = { channelId, state: 'failed' };
    expect(await entriesOf('POST /v1/jobs/retry', { filter, dryRun: true })).toEqual([]);
    expect(await entriesOf('POST /v1/jobs/retry', { filter })).toEqual([
      ['jobs.retried', null, ['channelId', 'state']],
    ]);
    expect(await entriesOf('POST /v1/jobs/retry', { filter })).toEqual([]);
  });

  it('tells nothing of what was refused, and nothing twice of what was repeated', async () => {
    const before = (await list()).length;
    const inward = { body: aWhatsappChannel({ apiBaseUrl: 'https://10.0.0.8/' }) };
    expect((await test.call('POST /v1/channels', inward)).status).toBe(422);
    for (const route of ['DELETE /v1/webhooks/whk_1', 'POST /v1/channels/chn_1/pause', 'DELETE /v1/api-keys/key_1'])
      expect((await test.call(route)).status).toBe(404);
    const again = { body: { name: 'once', scopes: ['jobs:read'] }, headers: { 'idempotency-key': 'once' } };
    for (let count = 0; count < 3; count += 1) expect((await test.call('POST /v1/api-keys', again)).status).toBe(201);
    expect((await list()).length).toBe(before + 1);
  });

  it('is narrowed, paged, and shown to those who may change settings of the same tenant', async () => {
    const all = await list();
    const [, second] = all;
    expect(await list(`&createdBefore=${all.at(0)?.at ?? ''}&createdAfter=${all.at(-1)?.at ?? ''}`)).toEqual(
      all.filter(({ at }) => at < String(all.at(0)?.at) && at > String(all.at(-1)?.at)),
    );
    expect(await list('&action=webhook.enabled')).toEqual(all.filter(({ action }) => action === 'webhook.enabled'));
    const page = await test.call('GET /v1/audit?limit=1');
    const next = await test.call(`GET /v1/audit?limit=1&cursor=${String(page.at('nextCursor'))}`);
    expect(next.at('data.0')).toEqual(second);
    expect(refusalOf(await test.call('GET /v1/audit?action=nothing'))).toEqual([
      422,
      'invalid_request',
      '/query/action',
    ]);
    const reader = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    expect((await test.call('GET /v1/audit', { key: String(reader.at('apiKey')) })).status).toBe(403);
    const other = await test.makeTenant();
    expect((await list('', other.key)).map(({ action }) => action)).toEqual(['api_key.created', 'tenant.created']);
    // All but what has tests of its own: erasures, what is done in bulk, contents, and what is told of the operator alone.
    const elsewhere = /^(?:tenant\.created|recipient\.erased|jobs?\..*|.*\.replayed)$/;
    const seen = new Set<string>((await list()).map(({ action }) => action));
    expect(auditActions.filter((action) => !seen.has(action) && !elsewhere.test(action))).toEqual([]);
  });

  it('can be added to by the runtime role, and neither changed nor emptied', async () => {
    for (const text of ["update audit_entry set actor_name = 'someone else'", 'delete from audit_entry']) {
      const attempt = test.database.transactions.withTenant(test.tenantId, (tx) => tx.execute({ text }));
      await expect(attempt).rejects.toThrow('permission denied');
    }
  });

  it('is rolled back with the change that it tells', async () => {
    const id = `aud-${randomBytes(4).toString('hex')}`;
    const { recordAudit } = test.dependencies;
    const by = { tenantId: test.tenantId, actor: { kind: 'admin' }, requestId: 'r' } as const;
    const broken = test.database.transactions.withTenant(test.tenantId, async (tx) => {
      await recordAudit(tx, by, { action: 'channel.deleted', targetId: id, changed: [] });
      throw new Error('in the middle');
    });
    await expect(broken).rejects.toThrow('in the middle');
    expect(await list(`&target=${id}`)).toEqual([]);
  });
});
