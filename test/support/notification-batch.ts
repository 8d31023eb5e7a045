import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createNotificationActivities } from '../../src/activities/notification/index.ts';
import type { NotificationActivities } from '../../src/contracts/activities.ts';
import { createIdSource } from '../../src/domain/ids.ts';
import type { KeyRing } from '../../src/domain/key-ring.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Receiver } from '../../src/domain/notification/request.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import { findBatch } from '../../src/store/batch-jobs.ts';
import type { Delivery } from '../../src/domain/notification/delivery.ts';
import { listJobDeliveries } from '../../src/store/deliveries.ts';
import { saveMerchant, saveUsers } from '../../src/store/directory.ts';
import { createTurnBell } from '../../src/store/turn-bell.ts';
import { createStores, type Stores } from '../../src/store/index.ts';
import { insertIntegration } from '../../src/store/integrations.ts';
import { listErrorsWithProblems } from '../../src/store/notification-errors.ts';
import { listRecipients, type Recipient } from '../../src/store/recipients.ts';
import { type DirectorySource, insertTenant, saveDirectorySource } from '../../src/store/tenants.ts';
import type { Tx } from '../../src/store/transactions.ts';
import { createDirectoryClient } from '../../src/upstreams/directory/directory-client.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import type { ResolveName } from '../../src/upstreams/guarded-http/resolve-host.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createIntegratorClient } from '../../src/upstreams/integrator/integrator-client.ts';
import { createPushClient } from '../../src/upstreams/push/push-client.ts';
import { createAcceptNotification, type NotificationToAccept } from '../../src/usecases/accept-notification.ts';
import { idleRuntime } from './idle-runtime.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { runBatch } from './run-batch.ts';
import { type IntegratorStandIn, startIntegrator } from './integrator-stand-in.ts';

export const secret = `whsec_${Buffer.from('a signing key of some length').toString('base64')}`;
export const apiKey = 'integrators-own-key';

export interface BatchBench {
  readonly database: TestDatabase;
  readonly stores: Stores;
  readonly keyRing: KeyRing;
  readonly integrator: IntegratorStandIn;
  readonly activities: NotificationActivities;
  readonly tenantId: string;
  /** Called between the answer to a callback and its record; a test that throws here kills the worker there. */
  afterSend: () => void;
  /** Called at the moment at which a push begins. */
  beforePush: () => void;
  /** The same between the answer to a push and its record. */
  afterPush: () => void;
  /** Every line that the activities wrote to the log. */
  readonly logged: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
  now(): Date;
  pass(ms: number): void;
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Active users of an active merchant; `users` by id. */
  register(
    merchantId: string,
    userIds: readonly string[],
    more?: { active?: boolean; roles?: readonly ('user' | 'admin')[]; tokens?: readonly string[] },
  ): Promise<void>;
  integrate(name: string, more?: Partial<Parameters<typeof insertIntegration>[1]>): Promise<void>;
  /** Where the tenant's merchants and users come from. */
  useDirectory(source: DirectorySource): Promise<void>;
  accept(receivers: readonly Receiver[], more?: Partial<NotificationToAccept>): Promise<Job>;
  /** Runs a batch as its workflow does; waits pass at once, on this bench's clock. */
  run(job: Job, pageSize?: number): ReturnType<NotificationActivities['closeBatch']>;
  look(job: Job): Promise<Job>;
  recipients(job: Job): Promise<readonly Recipient[]>;
  errors(job: Job): ReturnType<typeof listErrorsWithProblems>;
  deliveries(job: Job): Promise<readonly Delivery[]>;
  /** Runs SQL as the owner of the tables, outside every tenant. */
  asOwner(sql: string): Promise<void>;
  close(): Promise<void>;
}

export interface BatchBenchOptions {
  readonly integratorDelayMs?: number;
  readonly directoryTimeoutMs?: number;
  /** Looks up the names of upstreams; it may take its time before a connection can be made. */
  readonly resolveName?: ResolveName;
}

/** A tenant with an integration `erp`, the activities over a real database, and an integrator on loopback. */
export async function openBatchBench(options: BatchBenchOptions = {}): Promise<BatchBench> {
  const database = await createTestDatabase();
  const integrator = await startIntegrator({ delayMs: options.integratorDelayMs ?? 0 });
  let offsetMs = 0;
  const clock = () => new Date(Date.now() + offsetMs);
  const pass = (ms: number) => {
    offsetMs += ms;
  };
  const keyRing = createKeyRing([{ id: 'k1', key: randomBytes(32) }]);
  const createId = createIdSource({ nowMs: Date.now, randomBytes });
  const links = { uiUrl: 'http://temporal.test', namespace: 'default' };
  const publicUrl = 'https://waypost.test';
  const stores = createStores({
    pool: database.pool,
    keyRing,
    createId,
    publicUrl,
    links,
    random: Math.random,
    turnBell: createTurnBell(),
  });
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
  const { resolveName } = options;
  const http = createGuardedHttp({
    guard,
    connectionsPerOwner: 32,
    ...(resolveName && { resolveName, dnsTimeoutMs: 10_000 }),
  });
  const client = createIntegratorClient({ http, nowMs: () => clock().getTime(), timeoutMs: 2_000 });
  const pushClient = createPushClient({ http, nowMs: () => clock().getTime(), timeoutMs: 2_000 });
  const logged: BatchBench['logged'] = [];
  const activities = createNotificationActivities({
    stores,
    keyRing,
    integrator: {
      async postErrors(errors) {
        const outcome = await client.postErrors(errors);
        bench.afterSend();
        return outcome;
      },
    },
    directory: createDirectoryClient({ http, timeoutMs: options.directoryTimeoutMs ?? 2_000 }),
    push: {
      authorise: (owner, secrets, stale) => pushClient.authorise(owner, secrets, stale),
      async send(push) {
        bench.beforePush();
        const answer = await pushClient.send(push);
        bench.afterPush();
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
    intakeRoom: { enterLater: async () => undefined },
    createId,
    clock,
  });
  const tenantId = createId('tenant');
  const tx = <T>(work: (tx: Tx) => Promise<T>) => stores.transactions.withTenant(tenantId, work);
  await tx((each) => insertTenant(each, { id: tenantId, name: 'Acme', defaultLanguage: 'en', createdAt: clock() }));

  const bench: BatchBench = {
    database,
    stores,
    keyRing,
    integrator,
    activities,
    tenantId,
    afterSend: () => undefined,
    beforePush: () => undefined,
    afterPush: () => undefined,
    logged,
    now: clock,
    pass,
    tx,
    async register(merchantId, userIds, more = {}) {
      const { active = true, roles = ['user'] as const, tokens = [] } = more;
      const users = userIds.map((userId) => ({
        merchantId,
        userId,
        active,
        roles,
        language: 'en',
        pushEnabled: tokens.length > 0,
        tokens: tokens.map((token) => ({ token, platform: null })),
      }));
      await tx(async (each) => {
        await saveMerchant(each, tenantId, { merchantId, name: null, active: true, updatedAt: clock() });
        await saveUsers(each, tenantId, users, clock());
      });
    },
    useDirectory: (source) => tx((each) => saveDirectorySource(each, tenantId, source, keyRing)),
    async integrate(name, more = {}) {
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
        secrets: { apiKey, secret },
        ...more,
      };
      await tx((each) => insertIntegration(each, integration, keyRing));
    },
    async accept(receivers, more = {}) {
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
      return accepted.job;
    },
    run: (job, pageSize) => runBatch(activities, { tenantId, jobId: job.id }, { pageSize, pass }),
    look: async (job) => {
      const found = await tx((each) => findBatch(each, job.id));
      if (found === null) throw new Error('the job is gone');
      return found;
    },
    async recipients(job) {
      return (await tx((each) => listRecipients(each, job.id, {}, { limit: 20_000, after: -1 }))).rows;
    },
    errors: (job) => tx((each) => listErrorsWithProblems(each, job.id, { limit: 20_000, after: '0' })),
    deliveries: (job) => tx((each) => listJobDeliveries(each, job.id, { limit: 20_000, after: '0' })),
    async asOwner(sql) {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    },
    async close() {
      await http.close();
      await integrator.close();
      await database.close();
    },
  };
  await bench.integrate('erp');
  return bench;
}
