import pg from 'pg';
import type { Subjects } from '../../bench/lists/calls.ts';
import { seedTenant } from '../../bench/lists/seed.ts';
import { aWhatsappChannel, type TestApp } from './test-app.ts';

/** Fills the test's tenant as the bench fills its large one, but smaller, and lets the planner know the tables. */
export async function fillTenant(test: TestApp, size: { readonly finished: number; readonly waiting: number }) {
  const { tenantId, database } = test;
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
    const channelIds: string[] = [];
    for (const phoneNumberId of ['busy', 'lesser', 'paused', 'quiet']) {
      const made = await test.call('POST /v1/channels', { body: aWhatsappChannel({ phoneNumberId }) });
      channelIds.push(String(made.at('id')));
    }
    const webhook = await test.call('POST /v1/webhooks', { body: { url: 'https://subscriber.example.com/' } });
    const webhookId = String(webhook.at('id'));
    const tenant = { id: tenantId, apiKey: test.key, size: { name: 'test', ...size }, channelIds, webhookId };
    await seedTenant(database.url, tenant, () => undefined);
    await client.query('vacuum analyze');
    const batch = await client.query<{ id: string }>("select id from job where external_id = 'the-large-one'");
    const message = await client.query<{ id: string }>(
      "select id from job where attempts = 3 and kind = 'message' order by created_at desc limit 1",
    );
    const subjects: Subjects = {
      channelIds,
      webhookId,
      batchId: batch.rows[0]?.id ?? '',
      messageId: message.rows[0]?.id ?? '',
    };
    return subjects;
  } finally {
    await client.end();
  }
}
