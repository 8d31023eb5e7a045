import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { createCollaborators, createStarting } from './collaborators.ts';
import { readConfig } from './config.ts';
import { readPageFiles } from './console/page-files.ts';
import { runDoor } from './door.ts';
import { buildApp } from './http/build-app.ts';
import { startMetricsServer } from './http/probe-server.ts';
import { createRegistry } from './http/registry.ts';
import { createPayloadCodec } from './temporal/codec.ts';
import { checkTemporal, checkVersion } from './temporal/health.ts';
import { maxLaterJobs } from './usecases/admission-control.ts';
import { createUseCases } from './usecases/index.ts';

const poolSize = 20;
/** Starts that are still queued at the end are the sweep's: there is no need to wait long for them. */
const drainStartsMs = 3_000;

await runDoor('api', async (whenStopped) => {
  const config = readConfig();
  const { pool, stores, http, dataConverter, calls, ...shared } = await createCollaborators(config, {
    poolSize,
    onStarts: (starts) => dispatcher.add(starts),
  });
  const { log, clock, keyRing, faultLog } = shared;
  // Lazy: intake works while Temporal is away, so it need not be there at the start either.
  const connection = Connection.lazy(config.temporalConnection);
  const client = new Client({ connection, namespace: config.temporalNamespace, dataConverter });
  const { starter, dispatcher } = createStarting({ client, config, stores, log, faultLog });
  const admissionLimits = { waitingJobs: config.maxWaitingJobs, laterJobs: maxLaterJobs };
  const metrics = createRegistry();
  const app = await buildApp({
    ...stores,
    ...createUseCases({ ...stores, ...calls, starter, publicUrl: config.publicUrl, clock, admissionLimits }),
    ...shared,
    randomBytes,
    publicUrl: config.publicUrl,
    adminKey: config.adminKey,
    consoleFiles: readPageFiles(new URL('console/page', import.meta.url)),
    retentionDays: config.retentionDays,
    dispatcher,
    payloadCodec: createPayloadCodec({ keyRing, unsealed: 'show' }),
    checkTemporal: () => checkTemporal(connection, config.temporalNamespace),
    checkVersion: () => checkVersion(connection, config.temporalNamespace),
    isPaused: (jobId) => starter.isPaused(jobId),
    metrics,
    hasOwnMetricsPort: config.apiMetricsPort !== null,
    poolCounts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  });
  await app.listen({ host: config.host, port: config.port });
  const figures = await startMetricsServer({ ...shared, ...config, port: config.apiMetricsPort, metrics });
  log.info({ url: config.publicUrl, metricsPort: config.apiMetricsPort }, 'api ready');
  await new Promise<void>((resolve) => whenStopped(resolve));
  await app.close();
  await figures?.stop();
  await dispatcher.drain(drainStartsMs);
  await connection.close();
  await http.close();
  await pool.end();
});
