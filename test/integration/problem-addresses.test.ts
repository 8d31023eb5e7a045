import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/http/build-app.ts';
import { aProblem } from '../support/a-job.ts';
import { aMessage } from '../support/caller.ts';
import { deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { aWhatsappChannel, publicUrl, startTestApp, type TestApp } from '../support/test-app.ts';

// A problem was stored with the address that the product had then: after it had moved, every link in it led to nowhere.
let test: TestApp;
/** What a tenant reads problems in. */
let reads: string[];
const movedUrl = 'https://moved.test';

beforeAll(async () => {
  test = await startTestApp();
  await setUpReceivers(test);
  const notificationId = await deliverNotification(test);
  const make = async (route: string, body: object) => String((await test.call(`POST ${route}`, { body })).at('id'));
  const channelId = await make('/v1/channels', aWhatsappChannel());
  const webhookId = await make('/v1/webhooks', { url: 'https://subscriber.example.com/' });
  const jobId = await make('/v1/messages', aMessage({ channelId }));
  const deliveryId = test.dependencies.createId('delivery');
  const problem = JSON.stringify(aProblem());
  const unanswered = { durationMs: 1, httpStatus: null, responseExcerpt: null };
  const tries = JSON.stringify([{ number: 1, at: new Date(), outcome: 'retry', problem: aProblem(), ...unanswered }]);
  await test.database.transactions.withTenant(test.tenantId, async (tx) => {
    for (const [text, values] of [
      ['update job set error = $2 where id = $1', [jobId, problem]],
      ['update channel set paused_reason = $2 where id = $1', [channelId, problem]],
      ["update webhook set state = 'disabled', disabled_reason = $2 where id = $1", [webhookId, problem]],
      [
        `insert into attempt (id, tenant_id, job_id, number, target, started_at, problem)
          select 'att_1', tenant_id, id, 1, 'kernel', now(), $2::json from job where id = $1`,
        [jobId, problem],
      ],
      [
        `insert into delivery (id, tenant_id, kind, endpoint_id, event_id, event_type, url, state, attempts, error, created_at,
            updated_at) select $3, tenant_id, 'event', id, 'evt_1', 'message.failed', url, 'failed', $4, $2::json, now(), now()
          from webhook where id = $1`,
        [webhookId, problem, deliveryId, tries],
      ],
      [
        `insert into notice (id, tenant_id, channel_id, field, kind, summary, problem, fingerprint, created_at)
          select 'pnt_1', tenant_id, id, 'messages', 'unreadable', 'It was unreadable.', $2::json, '\\x01', now()
          from channel where id = $1`,
        [channelId, problem],
      ],
      [
        `insert into event (id, tenant_id, type, data, created_at)
          select 'evt_2', tenant_id, 'message.failed', json_build_object('id', id, 'error', $2::json), now() from job where id = $1`,
        [jobId, problem],
      ],
    ] as const)
      await tx.execute({ text, values: [...values] });
  });
  const stored = await test.call('GET /v1/problems');
  reads = [
    `/v1/jobs/${jobId}`,
    '/v1/jobs?kind=message',
    `/v1/jobs/${jobId}/attempts`,
    `/v1/jobs/${notificationId}/errors`,
    `/v1/jobs/${notificationId}/recipients?state=failed`,
    `/v1/problems/${String(stored.at('data.0.instance')).split('/').at(-1)}`,
    '/v1/problems',
    `/v1/channels/${channelId}`,
    '/v1/channels',
    `/v1/webhooks/${webhookId}`,
    '/v1/webhooks',
    `/v1/webhooks/${webhookId}/deliveries`,
    `/v1/deliveries/${deliveryId}`,
    '/v1/notices',
    '/v1/events?types=message.failed',
  ];
});
afterAll(() => test.close());

describe('a stored problem', () => {
  it('is stored without the address of the product', async () => {
    const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.query<{ document: { type: string; instance: string } }>({ text: 'select document from problem' }),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { document } of rows) {
      expect(document.type).toMatch(/^\/problems\/\w+$/);
      expect(document.instance).toMatch(/^\/v1\/problems\/prb_\w+$/);
    }
  });

  it('leads to where the product is, and after a move to where it is now', async () => {
    const moved = await buildApp({ ...test.dependencies, metrics: new Registry(), publicUrl: movedUrl });
    try {
      for (const url of reads) {
        const before = (await test.call(`GET ${url}`)).text;
        const answer = await moved.inject({ url, headers: { authorization: `Bearer ${test.key}` } });
        const addresses = [...answer.body.matchAll(/"(?:type|instance)":"([^"]*\/problems\/[^"]+)"/g)];
        expect([url, answer.statusCode, addresses.length > 0]).toEqual([url, 200, true]);
        for (const [, address] of addresses) expect([url, address?.startsWith(`${movedUrl}/`)]).toEqual([url, true]);
        const withoutPlace = (text: string) => text.replaceAll(movedUrl, '').replaceAll(publicUrl, '');
        expect(withoutPlace(answer.body)).toBe(withoutPlace(before));
      }
    } finally {
      await moved.close();
    }
  });
});
