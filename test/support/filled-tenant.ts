import pg from 'pg';
import { findSubjects, seedTenant } from '../../bench/scenarios/lists/seed.ts';
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
    return await findSubjects(database.url, tenant);
  } finally {
    await client.end();
  }
}
