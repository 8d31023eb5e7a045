import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from './activities/index.ts';
import { createCollaborators, createStarting } from './collaborators.ts';
import { readConfig } from './config.ts';
import { runDoor } from './door.ts';
import { startWorkerHealth } from './http/worker-health.ts';
import { createWorkerMetrics } from './http/worker-metrics.ts';
import { checkTemporal } from './temporal/health.ts';
import { installTemporalRuntime } from './temporal/runtime.ts';
import { builtWorkflows, startWorkers } from './temporal/worker.ts';
import { startSweeps } from './usecases/sweeps.ts';
import { startHeartbeat } from './usecases/worker-heartbeat.ts';

const poolSize = 30;

await runDoor('worker', async (whenStopped) => {
  const config = readConfig();
  const { log, clock, keyRing, pool, stores, http, dataConverter, faultLog, schemaVersion } = await createCollaborators(
    config,
    { poolSize, onStarts: (starts) => dispatcher.add(starts) },
  );
  const { publicUrl, retentionDays, temporalConnection, temporalNamespace: namespace } = config;
  const { metrics, onStatusesDropped } = createWorkerMetrics({ ...stores, clock, retentionDays });
  const readSdkMetrics = await installTemporalRuntime(log);
  const connection = await NativeConnection.connect({ ...temporalConnection, grpcCompression: { codec: 'none' } });
  const client = new Client({ connection, namespace, dataConverter });
  const { starter, dispatcher } = createStarting({ client, config, stores, log, faultLog });
  const shared = { clock, log, retentionDays, dispatch: dispatcher.add };
  const parts = { ...shared, faultLog, stores, http, keyRing, publicUrl, onStatusesDropped };
  const activities = createActivities({ ...parts, callsOnFastPath: config.queues.includes('sends') });
  const workflowSource = builtWorkflows(config);
  const temporal = { connection, namespace, dataConverter, faultLog, workflowSource };
  const workers = await startWorkers({ ...temporal, activities, fleet: config });
  const health = await startWorkerHealth({
    ...stores,
    config,
    clock,
    metrics,
    readSdkMetrics,
    isRunning: workers.isRunning,
    schemaVersion,
    checkTemporal: () => checkTemporal(connection, namespace),
  });
  const heartbeat = startHeartbeat({ ...stores, queues: config.queues, log });
  const sweeps = startSweeps({ ...stores, ...shared, starter, dispatcher, nowMs: () => performance.now() });
  log.info({ metricsPort: config.metricsPort }, 'worker ready');

  whenStopped(workers.shutDown);
  await workers.done;
  await Promise.all([sweeps.stop(), heartbeat.stop(), stores.channelSigns.flush()]);
  await health.stop();
  await connection.close();
  await http.close();
  await pool.end();
});
