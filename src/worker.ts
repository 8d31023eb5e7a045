import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from './activities/index.ts';
import { createCollaborators } from './collaborators.ts';
import { readConfig } from './config.ts';
import { runDoor } from './door.ts';
import { startWorkerHealth } from './http/worker-health.ts';
import { createWorkerMetrics } from './http/worker-metrics.ts';
import { checkTemporal } from './temporal/health.ts';
import { installTemporalLog } from './temporal/runtime.ts';
import { createStarter, type StartFailure } from './temporal/starter.ts';
import { builtWorkflows, startWorkers } from './temporal/worker.ts';
import { startSweeps } from './usecases/sweeps.ts';

const poolSize = 30;

await runDoor('worker', async (whenStopped) => {
  const config = readConfig();
  const collaborators = await createCollaborators(config, { poolSize });
  const { log, clock, keyRing, pool, stores, turnBell, http, dataConverter, faultLog } = collaborators;
  const { publicUrl, retentionDays, temporalConnection, temporalNamespace: namespace } = config;
  const { metrics, onStatusesDropped } = createWorkerMetrics({ ...stores, clock, retentionDays });
  installTemporalLog(log);
  const connection = await NativeConnection.connect({ ...temporalConnection, grpcCompression: { codec: 'none' } });
  const client = new Client({ connection, namespace, dataConverter });
  const onFailure = (failure: StartFailure) => {
    faultLog.noteOutage();
    log.warn(failure, 'Temporal did not take a start');
  };
  const starter = createStarter({ client, onFailure });
  const shared = { starter, clock, log, retentionDays };
  turnBell.listen((next) => starter.wakeSoon(next));
  const workflowSource = builtWorkflows();
  const activities = createActivities({ ...shared, faultLog, stores, http, keyRing, publicUrl, onStatusesDropped });
  const workers = await startWorkers({ connection, namespace, dataConverter, faultLog, workflowSource, activities });
  const health = await startWorkerHealth({
    ...stores,
    config,
    clock,
    metrics,
    isRunning: workers.isRunning,
    schemaVersion: collaborators.schemaVersion,
    checkTemporal: () => checkTemporal(connection, namespace),
  });
  const sweeps = startSweeps({ ...stores, ...shared });
  log.info({ metricsPort: config.metricsPort }, 'worker ready');

  whenStopped(workers.shutDown);
  await workers.done;
  await sweeps.stop();
  await health.stop();
  await connection.close();
  await http.close();
  await pool.end();
});
