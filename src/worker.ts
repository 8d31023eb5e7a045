import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from './activities/index.ts';
import { createCollaborators } from './collaborators.ts';
import { readConfig } from './config.ts';
import { runDoor } from './door.ts';
import { startWorkerHealth } from './http/worker-health.ts';
import { isConnectionFault } from './store/transactions.ts';
import { isTemporalUp } from './temporal/health.ts';
import { installTemporalLog } from './temporal/runtime.ts';
import { createStarter } from './temporal/starter.ts';
import { builtWorkflows, startWorkers } from './temporal/worker.ts';
import { startSweeps } from './usecases/sweeps.ts';

const poolSize = 30;

await runDoor('worker', async (whenStopped) => {
  const config = readConfig();
  const { log, clock, keyRing, pool, stores, turnBell, http, dataConverter } = await createCollaborators(config, {
    poolSize,
  });
  installTemporalLog(log);
  const connection = await NativeConnection.connect({
    ...config.temporalConnection,
    grpcCompression: { codec: 'none' },
  });
  const client = new Client({ connection, namespace: config.temporalNamespace, dataConverter });
  const starter = createStarter({
    client,
    onFailure: ({ jobId }) => log.warn({ jobId }, 'Temporal did not take a start'),
  });
  turnBell.listen((next) => starter.wakeSoon(next));
  const workers = await startWorkers({
    connection,
    namespace: config.temporalNamespace,
    dataConverter,
    isOutage: isConnectionFault,
    workflowSource: builtWorkflows(),
    activities: createActivities({ stores, http, keyRing, starter, publicUrl: config.publicUrl, clock, log }),
  });
  const health = await startWorkerHealth({
    ...stores,
    config,
    clock,
    isRunning: workers.isRunning,
    isTemporalUp: () => isTemporalUp(connection),
  });
  const { retentionDays } = config;
  const { countDroppedStatuses: onStatusesDropped } = health;
  const sweeps = startSweeps({ ...stores, starter, clock, log, retentionDays, onStatusesDropped });
  log.info({ metricsPort: config.metricsPort }, 'worker ready');

  whenStopped(workers.shutDown);
  await workers.done;
  await sweeps.stop();
  await health.stop();
  await connection.close();
  await http.close();
  await pool.end();
});
