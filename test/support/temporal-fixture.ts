import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createDataConverter } from '../../src/temporal/options.ts';
import { findUnclaimedJobs } from '../../src/store/cross-tenant.ts';
import { createDispatcher } from '../../src/temporal/dispatcher.ts';
import { createStarter } from '../../src/temporal/starter.ts';
import { startWorkers } from '../../src/temporal/worker.ts';
import { type DeliveryFixture } from './delivery-fixture.ts';
import { createKeptFaults } from './fault-log.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

/** Runs what a fixture's transactions make due on the real server, by a worker in this process; there is no sweep. */
export async function runOnTemporal(place: DeliveryFixture, namespace = 'default') {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const dataConverter = createDataConverter(place.keyRing);
  const client = new Client({ connection, namespace, dataConverter });
  const failures: unknown[] = [];
  const starter = createStarter({
    client,
    publicUrl: 'http://waypost.test',
    onFailure: (failure) => failures.push(failure),
  });
  const dispatcher = createDispatcher({
    starter,
    // Not counted as the cost of a message: it is one question for all that wait for a place.
    findUnclaimed: (ids) => place.database.transactions.acrossTenants((tx) => findUnclaimedJobs(tx, ids)),
    messagesPerWorkflow: 50,
    nowMs: Date.now,
  });
  place.listen(dispatcher.add);
  const workers = await startWorkers({
    connection,
    namespace,
    dataConverter,
    activities: place.makeActivities(),
    faultLog: createKeptFaults().faultLog,
    workflowSource: { workflowBundle: { code: await bundleWorkflows() } },
  });
  return {
    client,
    starter,
    /** Starts that Temporal did not take. */
    failures,
    async close(): Promise<void> {
      workers.shutDown();
      await workers.done;
      await connection.close();
    },
  };
}
