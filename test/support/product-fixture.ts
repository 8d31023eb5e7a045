import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { ProvidedContext } from 'vitest';
import { type Bot, startBot } from '../../demo/stand-ins/bot.ts';
import { type Integrator, startIntegrator } from '../../demo/stand-ins/integrator.ts';
import type { Kernel, KernelOptions } from '../../demo/stand-ins/kernel-interface.ts';
import type { Callback } from '../../demo/stand-ins/kernel-script.ts';
import { startKernel } from '../../demo/stand-ins/kernel.ts';
import { findFreePorts } from '../../dev/server-process.ts';
import { type Caller, createCaller } from './caller.ts';
import { dropDatabase } from './drop-database.ts';
import { createMigratedDatabase } from './migrated-database.ts';
import { type Environment, type ProductProcess, startProcess, waitUntilUp } from './product-process.ts';
import { openNamespace, type TemporalView, viewNamespace } from './temporal-view.ts';

/** The servers that a product uses; absent: those that are started once for all tests. */
export interface ProductOptions {
  readonly serverUrl?: string;
  readonly temporalAddress?: string;
  /** Its database is empty, for the first process to migrate; by default it is migrated already. */
  readonly isEmpty?: boolean;
  /** What becomes of a send that no script covers. */
  readonly decide?: KernelOptions['decide'];
}

export interface RunningProcess extends ProductProcess {
  readonly url: string;
}

/** What a test file has of a product, be it shared or its own: tenants, and stand-ins that nobody else uses. */
export interface SharedProduct {
  /** Where the first api listens, and what its callbacks are sent to, also after a restart. */
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly kernel: Kernel;
  readonly bot: Bot;
  readonly integrator: Integrator;
  /** The integrator refuses callbacks that are not signed by it. */
  readonly integratorSecret: string;
  readonly temporal: TemporalView;
  makeTenant(): Promise<Caller & { readonly tenantId: string }>;
  /** Makes a WhatsApp channel whose number the Kernel stand-in knows; returns its id and secrets. */
  makeChannel(tenant: Caller, members?: Readonly<Record<string, unknown>>): Promise<ProductChannel>;
  close(): Promise<void>;
}

/** All that one test file has for itself: a database, a Temporal namespace, stand-ins, and the processes it starts. */
export interface Product extends SharedProduct {
  readonly databaseUrl: string;
  /** What api and worker are started with. */
  readonly environment: Environment;
  /**
   * Starts an api on the product's own port, and waits until it is up; `changes` replace parts of the environment, `checkout` is
   * the folder of another release.
   */
  startApi(changes?: Environment, checkout?: string): Promise<RunningProcess>;
  /** Starts a worker, with a metrics port of its own, and waits until it is ready. */
  startWorker(changes?: Environment, checkout?: string): Promise<RunningProcess>;
  /** Ends every process it started and drops the database. */
  close(): Promise<void>;
}

export interface ProductChannel {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly accessToken: string;
  readonly appSecret: string;
  readonly verifyToken: string;
}

export const noticeTexts = { en: 'Sorry, not delivered.', es: 'Lo sentimos, no entregado.' };
const callbackDelayMs = 20;
/** Statuses that come well after the record of the acceptance: a state that is overtaken is not told on its own. */
export const unhurriedCallbacks: readonly Callback[] = [{ status: 'sent', afterMs: 1_500 }, 'delivered', 'read'];

/** A product of the test file's own, for tests that kill, restart or configure its processes, or look at all it has. */
export async function openProduct(options: ProductOptions = {}): Promise<Product> {
  const serverUrl = options.serverUrl ?? (await findShared('databaseUrl'));
  const temporalAddress = options.temporalAddress ?? (await findShared('temporalAddress'));
  const name = `waypost_e2e_${randomBytes(6).toString('hex')}`;
  const databaseUrl = await (options.isEmpty ? createEmptyDatabase : createMigratedDatabase)(serverUrl, name);
  const temporal = await openNamespace(temporalAddress, name);
  const [apiPort = 0] = await findFreePorts(1);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const adminKey = randomBytes(18).toString('base64url');
  const surroundings = await surround({ apiUrl, adminKey, temporal, decide: options.decide });
  const environment: Environment = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: name,
    WAYPOST_PORT: String(apiPort),
    WAYPOST_ADMIN_KEY: adminKey,
    WAYPOST_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    // The stand-ins are on this machine and speak plain http.
    WAYPOST_ALLOW_HTTP: 'true',
    WAYPOST_ALLOW_NETWORKS: '127.0.0.0/8',
  };
  const started: ProductProcess[] = [];

  return {
    ...surroundings,
    databaseUrl,
    environment,
    async startApi(changes = {}, checkout) {
      const url = `http://127.0.0.1:${changes['WAYPOST_PORT'] ?? apiPort}`;
      const each = startProcess('api', { ...environment, PUBLIC_URL: url, ...changes }, checkout);
      started.push(each);
      await waitUntilUp(each, `${url}/livez`);
      return { ...each, url };
    },
    async startWorker(changes = {}, checkout) {
      const [port = 0] = await findFreePorts(1);
      const figures = { WAYPOST_METRICS_PORT: String(port) };
      const each = startProcess('worker', { ...environment, PUBLIC_URL: apiUrl, ...figures, ...changes }, checkout);
      started.push(each);
      const url = `http://127.0.0.1:${port}`;
      await waitUntilUp(each, `${url}/readyz`);
      return { ...each, url };
    },
    async close() {
      await Promise.all(started.map((each) => each.kill()));
      await surroundings.close();
      await dropDatabase(serverUrl, name);
    },
  };
}

/** What `borrowProduct` lends, and what of it was started last. */
let lent: { readonly product: Product; api: RunningProcess | null; worker: RunningProcess | null } | null = null;

/**
 * A product for a file that kills its processes, and leaves their settings as they are: the test files of one process use it one
 * after the other, each with tenants and stand-ins of its own. `startApi` and `startWorker` give what runs, or start it.
 */
export async function borrowProduct(): Promise<Product> {
  const kept = (lent ??= { product: await openProduct(), api: null, worker: null });
  const { apiUrl, adminKey, databaseUrl, environment } = kept.product;
  const temporal = await viewNamespace(await findShared('temporalAddress'), kept.product.temporal.namespace);
  return {
    ...(await surround({ apiUrl, adminKey, temporal })),
    databaseUrl,
    environment,
    startApi: async () => (kept.api = kept.api?.isRunning() ? kept.api : await kept.product.startApi()),
    startWorker: async () => (kept.worker = kept.worker?.isRunning() ? kept.worker : await kept.product.startWorker()),
  };
}

/** The product that all test files share which need no more of it than tenants; its processes are nobody's to touch. */
export async function joinProduct(): Promise<SharedProduct> {
  const { apiUrl, adminKey, namespace } = await findShared('product');
  const temporal = await viewNamespace(await findShared('temporalAddress'), namespace);
  return surround({ apiUrl, adminKey, temporal });
}

async function createEmptyDatabase(serverUrl: string, name: string): Promise<string> {
  await runSql(serverUrl, `create database ${name}`);
  return Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
}

/** The stand-ins around a product, and what makes tenants and channels that use them. */
async function surround(product: {
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly temporal: TemporalView;
  readonly decide?: KernelOptions['decide'];
}): Promise<SharedProduct> {
  const { apiUrl, adminKey, temporal, decide } = product;
  const integratorSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const kernel = await startKernel({ callbackDelayMs, ...(decide !== undefined && { decide }) });
  const bot = await startBot();
  const integrator = await startIntegrator({ secret: integratorSecret });
  let channelCount = 0;

  return {
    apiUrl,
    adminKey,
    kernel,
    bot,
    integrator,
    integratorSecret,
    temporal,
    async makeTenant() {
      const admin = createCaller(apiUrl, adminKey);
      const made = await admin.ask<{ id: string; apiKey: string }>('POST /v1/tenants', { name: 'A tenant' });
      return { ...createCaller(apiUrl, made.apiKey), tenantId: made.id };
    },
    async makeChannel(tenant, members = {}) {
      channelCount += 1;
      const phoneNumberId = `1000${channelCount}`;
      const accessToken = randomBytes(12).toString('hex');
      const secrets = { accessToken, appSecret: `app-${accessToken}`, verifyToken: `verify-${accessToken}` };
      const { id } = await tenant.ask<{ id: string }>('POST /v1/channels', {
        kind: 'whatsapp',
        name: `Number ${phoneNumberId}`,
        phoneNumberId,
        apiBaseUrl: `${kernel.url}/v23.0`,
        ...secrets,
        botUrl: bot.url,
        retryInitialMs: 200,
        ambiguousWindowMs: 1_500,
        userNotices: noticeTexts,
        ...members,
      });
      const callbackUrl = `${apiUrl}/v1/channels/${id}/callbacks`;
      kernel.setChannel({ phoneNumberId, accessToken, appSecret: secrets.appSecret, callbackUrl });
      return { id, phoneNumberId, ...secrets };
    },
    async close() {
      await Promise.all([kernel.stop(), bot.stop(), integrator.stop(), temporal.close()]);
    },
  };
}

/** Asked for only in tests: the chaos driver opens products too, and there is no vitest around it. */
async function findShared<Name extends 'databaseUrl' | 'temporalAddress' | 'product'>(
  name: Name,
): Promise<ProvidedContext[Name]> {
  const { inject } = await import('vitest');
  return inject(name);
}

/** One statement of the database's owner, as an operator would run it; rows are those of the tenant, if one is given. */
export async function runSql(databaseUrl: string, sql: string, tenantId = ''): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    if (tenantId !== '') await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
