import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import type { Config } from './config.ts';
import { createIdSource } from './domain/ids.ts';
import { createKeyRing } from './encryption/key-ring.ts';
import { expectedSchemaVersion, migrate } from './store/migrator.ts';
import { createDatabaseClock } from './store/database-clock.ts';
import { createStores } from './store/index.ts';
import { createTurnBell } from './store/turn-bell.ts';
import { createPool, requireSafeConnections } from './store/pool.ts';
import { isTransientFault } from './store/database-faults.ts';
import { createFaultLog } from './temporal/failures.ts';
import { createDataConverter } from './temporal/options.ts';
import { createGuardedHttp } from './upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from './upstreams/guarded-http/url-guard.ts';
import { createMediaSource } from './upstreams/kernel/media-source.ts';
import { createWebhookClient } from './upstreams/webhook/webhook-client.ts';

/** As many as a worker pushes through one channel at once, and some room. No channel or endpoint shares them with another. */
const connectionsPerOwner = 64;

/**
 * What both long-running doors are made of. Nothing here has started yet, but for the migrations. Rejects where
 * statements would not run as the runtime role with our time-outs.
 */
export async function createCollaborators(config: Config, options: { readonly poolSize: number }) {
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
  const turnBell = createTurnBell();
  const stores = createStores({
    pool,
    databaseClock,
    keyRing,
    createId,
    publicUrl: config.publicUrl,
    links,
    random: Math.random,
    turnBell,
  });
  const urlGuard = createUrlGuard(config);
  const http = createGuardedHttp({ guard: urlGuard, connectionsPerOwner, nowMs });
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
    turnBell,
    urlGuard,
    http,
    mediaSource: createMediaSource({ http }),
    webhookClient: createWebhookClient({ http, nowMs }),
    dataConverter: createDataConverter(keyRing),
  };
}
