import { createNotificationActivities } from '../../src/activities/notification/index.ts';
import type { DirectoryClient } from '../../src/upstreams/directory/directory-client.ts';
import { runBatch } from './run-batch.ts';
import { idleRuntime } from './idle-runtime.ts';
import { publicUrl, type TestApp } from './test-app.ts';

/** A notification's body; a test names only what matters to it. Its integration is `erp`. */
export function aNotification(members: Readonly<Record<string, unknown>> = {}) {
  return {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    externalId: 'inv-2031',
    externalType: 'INVOICE_DUE',
    titleI18n: { fr: 'Facture', en: 'Invoice due', es: 'Factura pendiente' },
    messageI18n: { en: 'Please pay' },
    data: { invoice: 'i-1' },
    receivers: [{ merchantId: 'm1', userIds: ['u1', 'nobody'] }],
    ...members,
  };
}

/** The integration `erp`, and at merchant `m1` the users `u1` (Spanish) and `boss` (an administrator). */
export async function setUpReceivers(app: TestApp): Promise<void> {
  await app.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com/hub' } });
  const u1 = { active: true, roles: ['user'], language: 'es-ES' };
  const boss = { active: true, roles: ['user', 'admin'], language: 'en' };
  await app.call('PUT /v1/directory/merchants/m1/users/u1', { body: u1 });
  await app.call('PUT /v1/directory/merchants/m1/users/boss', { body: boss });
}

const noDirectory: DirectoryClient = { listActiveUsers: () => Promise.reject(new Error('no directory over HTTP')) };

/**
 * Accepts a notification and runs it as its workflow would, with an integrator that takes everything; returns the job's id.
 * `directory` is asked where the tenant's own directory is behind HTTP.
 */
export async function deliverNotification(
  app: TestApp,
  members: Readonly<Record<string, unknown>> = {},
  directory = noDirectory,
): Promise<string> {
  const accepted = await app.call('POST /v1/notifications', { body: aNotification(members) });
  const jobId = String(accepted.at('id'));
  const { keyRing, clock, transactions, writeJobChange, createId, channels } = app.dependencies;
  const activities = createNotificationActivities({
    stores: { transactions, writeJobChange, createId, channels },
    keyRing,
    integrator: {
      postErrors: async () => ({ answered: true, status: 200, retryAfterMs: null, body: '', durationMs: 1 }),
    },
    directory,
    push: {
      authorise: async () => ({ ok: true, accessToken: 'unused' }),
      send: () => Promise.reject(new Error('nothing is pushed here')),
    },
    random: Math.random,
    publicUrl,
    clock,
    info: () => undefined,
    runtime: idleRuntime,
  });
  await runBatch(activities, { tenantId: app.tenantId, jobId }, { pass: () => undefined });
  return jobId;
}
