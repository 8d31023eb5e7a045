import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { createIdSource } from '../../src/domain/ids.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import type { App } from '../../src/http/app.ts';
import { buildApp } from '../../src/http/build-app.ts';
import type { AppDependencies } from '../../src/http/app-dependencies.ts';
import { createTurnBell } from '../../src/store/turn-bell.ts';
import { createStores } from '../../src/store/index.ts';
import { expectedSchemaVersion } from '../../src/store/migrator.ts';
import { createPayloadCodec } from '../../src/temporal/codec.ts';
import { createUseCases } from '../../src/usecases/index.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createWebhookClient } from '../../src/upstreams/webhook/webhook-client.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const adminKey = 'an-admin-key-for-tests';
export const publicUrl = 'https://waypost.test';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The parsed JSON; null for other types. */
  readonly body: unknown;
  /** A member of the body by its path, such as `errors.0.pointer`; undefined = not there. */
  at(path: string): unknown;
}

export interface CallOptions {
  /** Goes as JSON unless it is a text or bytes. */
  readonly body?: unknown;
  /** Null = no key; absent = the first tenant's. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApp {
  readonly app: App;
  readonly database: TestDatabase;
  readonly dependencies: AppDependencies;
  readonly tenantId: string;
  readonly key: string;
  call(route: string, options?: CallOptions): Promise<Answer>;
  makeTenant(): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
}

/** The whole HTTP floor over a database of its own, with one tenant. `route` is `POST /v1/channels`. */
export async function startTestApp(
  changes: Partial<AppDependencies> | ((usual: AppDependencies) => Partial<AppDependencies>) = {},
): Promise<TestApp> {
  const database = await createTestDatabase();
  const usual = await createDependencies(database);
  const dependencies = { ...usual, ...(typeof changes === 'function' ? changes(usual) : changes) };
  const app = await buildApp(dependencies);

  async function call(route: string, { body, key, headers = {} }: CallOptions, ownKey: string): Promise<Answer> {
    const [method = 'GET', url = '/'] = route.split(' ');
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
    const usedKey = key === undefined ? ownKey : key;
    const reply = await app.inject({
      // The routes of these tests are written by hand: a method that does not exist fails loudly.
      method: method as 'GET',
      url,
      headers: {
        ...(usedKey !== null && { authorization: `Bearer ${usedKey}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: isRaw ? body : JSON.stringify(body) }),
    });
    const parsed: unknown = /json/.test(String(reply.headers['content-type'])) ? reply.json() : null;
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.body,
      body: parsed,
      at: (path) => path.split('.').reduce(readMember, parsed),
    };
  }

  async function makeTenant() {
    const made = await call('POST /v1/tenants', { body: { name: 'A tenant' }, key: adminKey }, adminKey);
    return { id: String(made.at('id')), key: String(made.at('apiKey')) };
  }

  const { id: tenantId, key } = await makeTenant();
  return {
    app,
    database,
    dependencies,
    tenantId,
    key,
    call: (route, options = {}) => call(route, options, key),
    makeTenant,
    async close() {
      await app.close();
      await database.close();
    },
  };
}

/** Status, code and first pointer of a refusal, to be compared at once. */
export function refusalOf(answer: Answer): unknown[] {
  return [answer.status, answer.at('code'), answer.at('errors.0.pointer')];
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

/** For tests that are not about media. */
const noMedia: AppDependencies['mediaSource'] = {
  describe: async () => ({ kind: 'missing' }),
  open: async () => ({ kind: 'missing' }),
};

async function createDependencies({ pool }: TestDatabase): Promise<AppDependencies> {
  const keyRing = createKeyRing([{ id: 'k1', key: randomBytes(32) }]);
  const createId = createIdSource({ nowMs: Date.now, randomBytes });
  const links = { uiUrl: 'http://localhost:8233', namespace: 'default' };
  const stores = createStores({
    pool,
    keyRing,
    createId,
    publicUrl,
    links,
    random: Math.random,
    turnBell: createTurnBell(),
  });
  const starter = {
    startSoon: () => true,
    startPagesSoon: () => true,
    wakeSoon: () => true,
    startErasureSoon: () => true,
    queueLength: () => 0,
  };
  const clock = () => new Date();
  const http = createGuardedHttp({
    guard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    connectionsPerOrigin: 4,
  });
  const webhookClient = createWebhookClient({ http, nowMs: Date.now });
  return {
    ...stores,
    ...createUseCases({ ...stores, starter, webhookClient, publicUrl, clock }),
    keyRing,
    createId,
    clock,
    randomBytes,
    publicUrl,
    adminKey,
    retentionDays: 30,
    urlGuard: createUrlGuard({ allowHttp: false, allowNetworks: [] }),
    mediaSource: noMedia,
    starter,
    links,
    payloadCodec: createPayloadCodec({ keyRing }),
    isTemporalUp: async () => true,
    schemaVersion: await expectedSchemaVersion(),
    metrics: new Registry(),
    poolCounts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

/** A WhatsApp channel's body; a test names only what matters to it. */
export function aWhatsappChannel(members: Readonly<Record<string, unknown>> = {}) {
  return {
    kind: 'whatsapp',
    name: 'Main number',
    phoneNumberId: '1061',
    apiBaseUrl: 'https://graph.example.com/v23.0',
    accessToken: 'token-which-nobody-may-see',
    appSecret: 'app-secret-which-nobody-may-see',
    verifyToken: 'verify-token-which-nobody-may-see',
    ...members,
  };
}
