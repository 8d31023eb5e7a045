import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { createIdSource } from './domain/ids.ts';
import type { JobStart } from './domain/job-start.ts';
import { createKeyRing } from './encryption/key-ring.ts';
import { expectedSchemaVersion, migrate } from './store/migrator.ts';
import { findUnclaimedJobs } from './store/cross-tenant.ts';
import { createDatabaseClock } from './store/database-clock.ts';
import { createStores, type Stores } from './store/index.ts';
import { createPool, requireSafeConnections } from './store/pool.ts';
import { isTransientFault } from './store/database-faults.ts';
import { createFaultLog, type FaultLog } from './temporal/failures.ts';
import { createDispatcher } from './temporal/dispatcher.ts';
import { createDataConverter } from './temporal/options.ts';
import { createStarter } from './temporal/starter.ts';
import { createGuardedHttp } from './upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from './upstreams/guarded-http/url-guard.ts';
import { createKernelAccess } from './upstreams/kernel/kernel-access.ts';
import { createKernelClient, type ReadMark } from './upstreams/kernel/kernel-client.ts';
import { createTemplateSource } from './upstreams/kernel/template-source.ts';
import { createMediaSource } from './upstreams/kernel/media-source.ts';
import { createWebhookClient } from './upstreams/webhook/webhook-client.ts';

/** As many as a worker pushes through one channel at once, and some room. No channel or endpoint shares them with another. */
const connectionsPerOwner = 64;

/**
 * What both long-running doors are made of. Nothing here has started yet, but for the migrations. `onStarts` is handed what
 * each transaction made due, after its commit; left out = the sweep of a worker starts it. Rejects where statements would
 * not run as the runtime role with our time-outs.
 */
export async function createCollaborators(
  config: Config,
  options: { readonly poolSize: number; readonly onStarts?: (starts: readonly JobStart[]) => void },
) {
  if (config.isAutoMigrated) await migrate({ connectionString: config.databaseUrl });
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const databaseClock = createDatabaseClock();
  const clock = () => databaseClock.now();
  const nowMs = () => clock().getTime();
  const keyRing = createKeyRing(config.encryptionKeys);
  const createId = createIdSource({ nowMs, randomBytes });
  const links = { uiUrl: config.temporalUiUrl, namespace: config.temporalNamespace };
  const pool = createPool({
    connectionString: config.databaseAppUrl,
    size: options.poolSize,
    onIdleError: (error) => {
      log.warn({ reason: error.message }, 'an idle database connection broke');
    },
  });
  await requireSafeConnections(pool);
  const faultLog = createFaultLog({ log, isOutage: isTransientFault, createFaultId: () => createId('fault'), clock });
  const stores = createStores({
    pool,
    databaseClock,
    keyRing,
    createId,
    publicUrl: config.publicUrl,
    links,
    random: Math.random,
    onStarts: options.onStarts,
  });
  const urlGuard = createUrlGuard(config);
  const http = createGuardedHttp({ guard: urlGuard, connectionsPerOwner, nowMs });
  const access = createKernelAccess({ http, nowMs });
  const kernel = createKernelClient({ http, access });
  return {
    log,
    schemaVersion: await expectedSchemaVersion(),
    faultLog,
    clock,
    keyRing,
    createId,
    links,
    pool,
    stores,
    urlGuard,
    http,
    mediaSource: createMediaSource({ http, access }),
    listTemplates: createTemplateSource({ http, access }),
    /** What the api calls by itself. */
    calls: {
      webhookClient: createWebhookClient({ http, nowMs }),
      callMarkRead: (mark: ReadMark) => kernel.markRead(mark),
    },
    dataConverter: createDataConverter(keyRing),
  };
}

/** What starts the workflows of a process: by name, and what its transactions make due. */
export function createStarting(dependencies: {
  readonly client: Client;
  readonly config: Pick<Config, 'messagesPerWorkflow' | 'publicUrl'>;
  readonly stores: Pick<Stores, 'transactions'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly faultLog: Pick<FaultLog, 'noteOutage'>;
}) {
  const { client, config, stores, log, faultLog } = dependencies;
  const starter = createStarter({
    client,
    publicUrl: config.publicUrl,
    onFailure(failure) {
      faultLog.noteOutage();
      log.warn(failure, 'Temporal did not take a start');
    },
  });
  const dispatcher = createDispatcher({
    starter,
    findUnclaimed: (jobIds) => stores.transactions.acrossTenants((tx) => findUnclaimedJobs(tx, jobIds)),
    messagesPerWorkflow: config.messagesPerWorkflow,
    nowMs: () => performance.now(),
  });
  return { starter, dispatcher };
}
