import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { Registry } from 'prom-client';
import { createIdSource } from '../../src/domain/ids.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import type { AppDependencies } from '../../src/http/app-dependencies.ts';
import { createStores } from '../../src/store/index.ts';
import { expectedSchemaVersion } from '../../src/store/migrator.ts';
import { createPayloadCodec } from '../../src/temporal/codec.ts';
import type { AdmissionLimits } from '../../src/usecases/admission-control.ts';
import { createUseCases } from '../../src/usecases/index.ts';
import type { CallMarkRead } from '../../src/usecases/mark-read.ts';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createWebhookClient } from '../../src/upstreams/webhook/webhook-client.ts';

export const adminKey = 'an-admin-key-for-tests';
export const publicUrl = 'https://waypost.test';

export const temporalIsWell = { temporal: null, namespace: null, searchAttributes: null } as const;

/** So few that a test can fill them. */
export const testAdmissionLimits: AdmissionLimits = { waitingJobs: 5_000, laterJobs: 5_000 };

/** For tests that are not about media. */
const noMedia: AppDependencies['mediaSource'] = {
  describe: async () => ({ kind: 'missing' }),
  open: async () => ({ kind: 'missing' }),
};

/** All that the HTTP floor is built from, over a pool that is not asked before the first request. */
export async function createAppDependencies(
  pool: Pool,
  admissionLimits: AdmissionLimits = testAdmissionLimits,
): Promise<AppDependencies> {
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
  });
  const starter = { startErasure: async () => true, isPaused: async () => false };
  const clock = () => new Date();
  const http = createGuardedHttp({
    guard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    connectionsPerOwner: 4,
  });
  const webhookClient = createWebhookClient({ http, nowMs: Date.now });
  // For tests that are not about read marks.
  const callMarkRead: CallMarkRead = async () => ({ kind: 'marked' });
  return {
    ...stores,
    ...createUseCases({ ...stores, starter, webhookClient, callMarkRead, publicUrl, clock, admissionLimits }),
    keyRing,
    createId,
    clock,
    randomBytes,
    publicUrl,
    adminKey,
    consoleFiles: new Map(),
    retentionDays: 30,
    urlGuard: createUrlGuard({ allowHttp: false, allowNetworks: [] }),
    mediaSource: noMedia,
    listTemplates: async () => ({ kind: 'unavailable', detail: 'There are none.' }),
    dispatcher: { queueLength: () => 0 },
    links,
    payloadCodec: createPayloadCodec({ keyRing, unsealed: 'show' }),
    checkTemporal: async () => temporalIsWell,
    checkVersion: async () => null,
    isPaused: async () => false,
    schemaVersion: await expectedSchemaVersion(),
    metrics: new Registry(),
    hasOwnMetricsPort: false,
    // Tests look at figures right after what they count.
    probeCacheMs: 0,
    poolCounts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}
