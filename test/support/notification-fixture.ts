import { createNotificationActivities } from '../../src/activities/notification/index.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Receiver } from '../../src/domain/notification/request.ts';
import { findBatch } from '../../src/store/batch-jobs.ts';
import { listJobDeliveries } from '../../src/store/deliveries.ts';
import { saveMerchant, saveUsers } from '../../src/store/directory.ts';
import { insertIntegration } from '../../src/store/integrations.ts';
import { listErrorsWithProblems } from '../../src/store/notification-errors.ts';
import { listRecipients } from '../../src/store/recipients.ts';
import { type DirectorySource, saveDirectorySource } from '../../src/store/tenants.ts';
import { createDirectoryClient } from '../../src/upstreams/directory/directory-client.ts';
import { createIntegratorClient } from '../../src/upstreams/integrator/integrator-client.ts';
import { createPushClient } from '../../src/upstreams/push/push-client.ts';
import { createAcceptNotification, type NotificationToAccept } from '../../src/usecases/accept-notification.ts';
import { idleRuntime } from './idle-runtime.ts';
import { startIntegrator } from './integrator-stand-in.ts';
import { runBatch } from './run-batch.ts';
import { openWorkerFixture, publicUrl, type WorkerFixtureOptions } from './worker-fixture.ts';

export const secret = `whsec_${Buffer.from('a signing key of some length').toString('base64')}`;
export const apiKey = 'integrators-own-key';

interface RegisteredUser {
  readonly active: boolean;
  readonly roles: readonly ('user' | 'admin')[];
  readonly language: string;
  readonly pushEnabled: boolean;
  readonly tokens: readonly string[];
}

export interface NotificationFixtureOptions extends WorkerFixtureOptions {
  readonly integratorDelayMs?: number;
  readonly directoryTimeoutMs?: number;
}

export type NotificationFixture = Awaited<ReturnType<typeof openNotificationFixture>>;

/** A tenant with an integration `erp`, the activities of notifications, and an integrator on loopback. */
export async function openNotificationFixture(options: NotificationFixtureOptions = {}) {
  const worker = await openWorkerFixture(options);
  const { stores, http, keyRing, createId, tenantId, clock, nowMs, skip, withTenant: tx } = worker;
  const integrator = await startIntegrator({ delayMs: options.integratorDelayMs ?? 0 });
  const client = createIntegratorClient({ http, nowMs, timeoutMs: 2_000 });
  const pushClient = createPushClient({ http, nowMs, timeoutMs: 2_000 });
  /** A test that throws in one of them kills the worker there. */
  const hooks = {
    /** Called between the answer to a callback and its record. */
    afterSend: (): void => undefined,
    /** Called at the moment at which a push begins. */
    beforePush: (): void => undefined,
    /** Called between the answer to a push and its record. */
    afterPush: (): void => undefined,
  };
  const logged: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  const activities = createNotificationActivities({
    stores,
    keyRing,
    integrator: {
      async postErrors(errors) {
        const outcome = await client.postErrors(errors);
        hooks.afterSend();
        return outcome;
      },
    },
    directory: createDirectoryClient({ http, timeoutMs: options.directoryTimeoutMs ?? 2_000 }),
    push: {
      authorise: (owner, secrets, stale) => pushClient.authorise(owner, secrets, stale),
      async send(push) {
        hooks.beforePush();
        const answer = await pushClient.send(push);
        hooks.afterPush();
        return answer;
      },
    },
    random: Math.random,
    publicUrl,
    clock,
    info: (fields, message) => {
      logged.push({ message, fields });
    },
    runtime: idleRuntime,
  });
  const acceptNotification = createAcceptNotification({
    insertJob: stores.insertJob,
    admissionControl: { enterLater: async () => undefined },
    createId,
    clock,
  });

  async function integrate(name: string, more: Partial<Parameters<typeof insertIntegration>[1]> = {}): Promise<void> {
    const integration = {
      id: createId('integration'),
      tenantId,
      name,
      url: integrator.url,
      errorDelivery: 'per_user' as const,
      errorsAs: 'array' as const,
      retryScheduleSeconds: [0, 5, 30],
      createdAt: clock(),
      updatedAt: clock(),
      secrets: { apiKey, current: secret, replaced: [] },
      ...more,
    };
    await tx((each) => insertIntegration(each, integration, keyRing));
  }
  await integrate('erp');

  return Object.assign(hooks, {
    ...worker,
    integrator,
    activities,
    /** Every line that the activities wrote to the log. */
    logged,
    now: clock,
    pass: skip,
    tx,
    integrate,
    /** Active users of an active merchant, unless said otherwise; those with tokens have push enabled. */
    async register(merchantId: string, userIds: readonly string[], more: Partial<RegisteredUser> = {}) {
      const { active = true, roles = ['user'] as const, language = 'en', tokens = [] } = more;
      const { pushEnabled = tokens.length > 0 } = more;
      const users = userIds.map((userId) => ({
        merchantId,
        userId,
        active,
        roles,
        language,
        pushEnabled,
        tokens: tokens.map((token) => ({ token, platform: null })),
      }));
      await tx(async (each) => {
        await saveMerchant(each, tenantId, { merchantId, name: null, active: true, updatedAt: clock() });
        await saveUsers(each, tenantId, users, clock());
      });
    },
    /** Where the tenant's merchants and users come from. */
    useDirectory: (source: DirectorySource) => tx((each) => saveDirectorySource(each, tenantId, source, keyRing)),
    async accept(receivers: readonly Receiver[], more: Partial<NotificationToAccept> = {}): Promise<Job> {
      const texts = { titleI18n: { en: 'Invoice due' }, messageI18n: { en: 'Please pay' } };
      const data = { invoice: 'i-1' };
      const accepted = await tx((each) =>
        acceptNotification(each, tenantId, {
          type: 'USER_CENTER_NOTIFICATION',
          integration: 'erp',
          externalId: 'inv-2031',
          externalType: 'INVOICE_DUE',
          ...texts,
          data,
          receivers,
          sendAt: null,
          expiresAt: null,
          envelope: { externalId: 'inv-2031', externalType: 'INVOICE_DUE', ...texts, data },
          origin: 'api',
          requestId: 'req-1',
          ...more,
        }),
      );
      return accepted;
    },
    /** Runs a batch as its workflow does; waits pass at once, on the fixture's clock. */
    run: (job: Job, pageSize?: number) => runBatch(activities, { tenantId, jobId: job.id }, { pageSize, pass: skip }),
    async look(job: Job) {
      const found = await tx((each) => findBatch(each, job.id));
      if (found === null) throw new Error('the job is gone');
      return found;
    },
    async recipients(job: Job) {
      return (await tx((each) => listRecipients(each, job.id, {}, { limit: 20_000, after: -1 }))).rows;
    },
    errors: (job: Job) => tx((each) => listErrorsWithProblems(each, job.id, { limit: 20_000, after: '0' })),
    deliveries: (job: Job) => tx((each) => listJobDeliveries(each, job.id, { limit: 20_000, after: '0' })),
    async close() {
      await integrator.close();
      await worker.close();
    },
  });
}
