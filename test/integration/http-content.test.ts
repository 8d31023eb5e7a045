import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminKey, aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let channelId: string;
beforeAll(async () => {
  test = await startTestApp();
  channelId = String((await test.call('POST /v1/channels', { body: aWhatsappChannel() })).at('id'));
});
afterAll(() => test.close());

const to = '+34600111222';
const text = (words: string) => ({ to, activity: { type: 'message', text: words } });
const run = (sql: string, ...values: unknown[]) =>
  test.database.transactions.withTenant(test.tenantId, (tx) => tx.execute({ text: sql, values }));

describe('POST /v1/messages/preview', () => {
  const preview = (body: object) => test.call('POST /v1/messages/preview', { body });

  it('shows the bodies that would be sent, and stores nothing', async () => {
    const answer = await preview(text('Hola'));
    const address = { messaging_product: 'whatsapp', recipient_type: 'individual', to };
    expect([answer.status, answer.body]).toEqual([
      200,
      { data: [{ ...address, type: 'text', text: { body: 'Hola' } }] },
    ]);
    const long = await preview({ channelId, ...text('x'.repeat(5_000)) });
    expect(long.at('data.1.text.body')).toHaveLength(5_000 - 4_096);
    const template = { name: 'hello', language: { code: 'en' } };
    const native = await preview({ to: 'ES.13491208655302741918', whatsapp: { type: 'template', template } });
    expect(native.at('data.0')).toMatchObject({ recipient: 'ES.13491208655302741918', type: 'template', template });
    expect((await preview({ to, activity: { type: 'typing' } })).body).toEqual({ data: [] });
    expect((await test.call('GET /v1/jobs')).at('data')).toEqual([]);
  });

  it('answers what cannot be rendered with the problem of rendering, and a wrong shape as every call does', async () => {
    const empty = await preview({ to, activity: { type: 'message' } });
    expect(refusalOf(empty)).toEqual([422, 'rendering_failed', '/text']);
    expect([empty.at('source'), empty.at('class')]).toEqual(['rendering', 'permanent']);
    expect(refusalOf(await preview({ to, whatsapp: { type: 'txt' } }))).toEqual([
      422,
      'rendering_failed',
      '/whatsapp/txt',
    ]);
    expect(refusalOf(await preview({ ...text('Hi'), to: 'nobody' }))).toEqual([422, 'invalid_request', '/to']);
    expect(refusalOf(await preview({ ...text('Hi'), channelId: 'chn_x' })).slice(0, 2)).toEqual([
      404,
      'channel_not_found',
    ]);
  });
});

describe('GET /v1/jobs/{id}/content', () => {
  const read = (id: string, key?: string) => test.call(`GET /v1/jobs/${id}/content`, key === undefined ? {} : { key });

  it('shows what was handed over, and of it what was sent, and is audited', async () => {
    const body = text(`${'a'.repeat(4_096)} rest`);
    const id = String((await test.call('POST /v1/messages', { body })).at('id'));
    expect((await read(id)).body).toEqual({
      jobId: id,
      kind: 'message',
      handedOver: { activity: body.activity },
      sent: [],
    });
    await run(
      `insert into attempt (id, tenant_id, job_id, number, part, target, started_at, outcome)
        values ('att_c', $1, $2, 1, 0, 'kernel', now(), 'accepted')`,
      test.tenantId,
      id,
    );
    await run(
      "insert into message_part (tenant_id, provider_message_id, job_id, part, state) values ($1, 'wamid.c', $2, 0, 'sent')",
      test.tenantId,
      id,
    );
    const sent = (await read(id)).at('sent') as unknown[];
    expect(sent).toEqual([
      {
        part: 0,
        providerMessageId: 'wamid.c',
        body: expect.objectContaining({ to, type: 'text', biz_opaque_callback_data: id }),
      },
    ]);
    const audited = await test.call(`GET /v1/audit?target=${id}`);
    expect([audited.at('data.0.action'), audited.at('data.1.action')]).toEqual([
      'job.content_read',
      'job.content_read',
    ]);
  });

  it('shows the texts of a notification that has reached somebody, and the properties that were handed over', async () => {
    await test.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com' } });
    const notification = {
      type: 'USER_CENTER_NOTIFICATION',
      integration: 'erp',
      titleI18n: { en: 'Invoice' },
      messageI18n: { en: 'Due' },
    };
    const receivers = [{ merchantId: 'm', userIds: ['u'] }];
    const id = String((await test.call('POST /v1/notifications', { body: { ...notification, receivers } })).at('id'));
    expect((await read(id)).body).toEqual({ jobId: id, kind: 'notification', handedOver: notification, sent: [] });
    // One that had been cancelled before it began was said to have been sent.
    await run("update job set state = 'cancelled' where id = $1", id);
    expect((await read(id)).at('sent')).toEqual([]);
    await run(`update job set counts = jsonb_set(counts, '{delivered}', '1') where id = $1`, id);
    expect((await read(id)).at('sent.0.body')).toMatchObject({
      titleI18n: { en: 'Invoice' },
      messageI18n: { en: 'Due' },
    });
  });

  it('takes its own scope, and an id of this tenant', async () => {
    const made = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    const id = String((await test.call('POST /v1/messages', { body: text('Hi') })).at('id'));
    expect((await read(id, String(made.at('apiKey')))).status).toBe(403);
    const other = await test.makeTenant();
    expect((await read(id, other.key)).status).toBe(404);
    expect((await test.call('GET /v1/audit', { key: other.key })).text).not.toContain('content_read');
  });
});

describe('the operator, for a tenant', () => {
  const asOperator = (route: string, body?: object) =>
    test.call(route, { key: adminKey, headers: { 'x-waypost-tenant': test.tenantId }, ...(body && { body }) });

  it('reads and acts, and each action is audited as his', async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = String(
      (await test.call('POST /v1/messages', { body: { ...text('Hi'), sendAt, label: 'op' } })).at('id'),
    );
    expect((await asOperator(`GET /v1/jobs/${id}`)).at('state')).toBe('scheduled');
    expect((await asOperator('GET /v1/me')).body).toMatchObject({ key: null, tenant: { id: test.tenantId } });
    expect((await asOperator(`POST /v1/jobs/${id}/cancel`)).at('result')).toBe('cancelled');
    expect((await asOperator(`POST /v1/jobs/${id}/cancel`)).at('result')).toBe('cancelled');
    expect((await asOperator(`POST /v1/jobs/${id}/retry`)).at('state')).toBe('queued');
    expect((await asOperator('POST /v1/jobs/cancel', { filter: { label: 'op' } })).at('done')).toBe(1);
    expect((await asOperator(`POST /v1/channels/${channelId}/pause`)).at('state')).toBe('paused');
    const webhook = await test.call('POST /v1/webhooks', { body: { url: 'https://hook.example.com' } });
    const since = new Date(Date.now() - 1_000).toISOString();
    expect((await asOperator(`POST /v1/webhooks/${String(webhook.at('id'))}/replay`, { since })).status).toBe(200);
    const audited = await test.call('GET /v1/audit?limit=1');
    expect([audited.at('data.0.action'), audited.at('data.0.actor.kind')]).toEqual(['webhook.replayed', 'admin']);
    const entries = (await test.call('GET /v1/audit?limit=6')).at('data') as { action: string; actor: object }[];
    expect(entries.map(({ action }) => action)).toEqual([
      'webhook.replayed',
      'webhook.created',
      'channel.paused',
      'jobs.cancelled',
      'job.retried',
      'job.cancelled',
    ]);
    const own = entries.filter(({ action }) => action === 'webhook.created');
    const others = entries.filter((entry) => !own.includes(entry));
    expect(others.map(({ actor }) => actor)).toEqual(others.map(() => ({ kind: 'admin', id: null, name: 'admin' })));
  });
});
