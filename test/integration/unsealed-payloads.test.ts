// An unsealed payload was taken for ours: who could write to Temporal could have a message sent, a page of a batch run or
// a purge made by an input of his own. Now such a task fails, before any activity, and the worker goes on with the others.
import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { taskQueues } from '../../src/contracts/workflows.ts';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import { createDataConverter } from '../../src/temporal/options.ts';
import { startWorkers, type WorkerGroup } from '../../src/temporal/worker.ts';
import { createFakeActivities, ends, job } from '../support/fake-activities.ts';
import { createKeptFaults } from '../support/fault-log.ts';
import { poll } from '../support/poll.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';
import { countKind } from '../support/workflow-fixture.ts';

const fakes = createFakeActivities({ attemptDelivery: [ends('accepted')] });
const dataConverter = createDataConverter(createKeyRing([{ id: 'k1', key: randomBytes(32) }]));

let connection: NativeConnection;
let workers: WorkerGroup;
beforeAll(async () => {
  // The refusals are what this is about; the SDK would tell each of them.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging } });
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  workers = await startWorkers({
    connection,
    namespace: 'default',
    dataConverter,
    activities: fakes.activities,
    faultLog: createKeptFaults().faultLog,
    workflowSource: { workflowBundle: { code: await bundleWorkflows() } },
  });
});
afterAll(async () => {
  workers.shutDown();
  await workers.done;
  await connection.close();
});

it('an input that nobody has sealed reaches no activity', async () => {
  const stranger = new Client({ connection }).workflow;
  const options = { taskQueue: taskQueues.main, args: [job] };
  const forged = await stranger.start('deliverMessage', { ...options, workflowId: `forged-${Date.now()}` });
  const look = async () => countKind(await forged.fetchHistory(), 'workflowTaskFailed');
  await poll({ what: 'the refusal', look, isDone: (failed) => failed > 0, timeoutMs: 20_000 });
  expect(fakes.calls).toEqual([]);

  const ours = new Client({ connection, dataConverter }).workflow;
  expect(await ours.execute('deliverMessage', { ...options, workflowId: `ours-${Date.now()}` })).toMatchObject({
    state: 'accepted',
  });
  expect(fakes.calls).toEqual([{ name: 'attemptDelivery', input: expect.objectContaining(job) }]);
  await forged.terminate();
});
