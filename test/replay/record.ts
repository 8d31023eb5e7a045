/**
 * `npx tsx test/replay/record.ts [shape …]`: records the histories of `shapes.ts` anew on a Temporal dev server that it
 * starts for this, with activities that answer from the script and without the codec, so that the files can be read.
 *
 * Committed histories say what running workflows did. So record a new shape when one is made, and an old one only when no
 * released version has it; where the test fails after a change of a workflow, the change needs a patch marker instead.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { startTemporal } from '../../dev/temporal-server.ts';
import { taskQueues } from '../../src/contracts/workflows.ts';
import { startWorkers } from '../../src/temporal/worker.ts';
import { createFakeActivities } from '../support/fake-activities.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';
import type { Shape } from './shape.ts';
import { shapes } from './shapes.ts';
import { createKeptFaults } from '../support/fault-log.ts';

const here = dirname(fileURLToPath(import.meta.url));
const histories = join(here, 'histories');
/** So few that a batch of twenty pages continues as new several times. */
const eventsBeforeContinueAsNew = 60;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in shapes));
if (unknown.length > 0) throw new Error(`There is no shape named ${unknown.join(', ')}.`);

const temporal = await startTemporal({
  cacheDir: join(here, '../../.cache'),
  dbFile: null,
  log: console.log,
  dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${eventsBeforeContinueAsNew}`],
});
try {
  const connection = await Connection.connect({ address: temporal.address });
  const native = await NativeConnection.connect({ address: temporal.address });
  const client = new Client({ connection, identity: 'recorder' });
  const code = await bundleWorkflows();
  mkdirSync(histories, { recursive: true });
  for (const [name, shape] of Object.entries(shapes)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(name, shape, client, native, code);
  }
  await connection.close();
  await native.close();
} finally {
  await temporal.stop();
}

async function record(name: string, shape: Shape, client: Client, native: NativeConnection, code: string) {
  const workers = await startWorkers({
    connection: native,
    namespace: 'default',
    dataConverter: {},
    activities: createFakeActivities(shape.script).activities,
    faultLog: createKeptFaults(() => true).faultLog,
    workflowSource: { workflowBundle: { code } },
  });
  try {
    const first = await client.workflow.start(shape.workflow, {
      workflowId: name,
      taskQueue: taskQueues.main,
      args: [...shape.args],
    });
    await shape.steer?.(first);
    // A failing batch fails its workflow; here its history is the result.
    await first.result().catch(() => undefined);
    const runs = await listRuns(client, first);
    for (const [index, run] of runs.entries()) {
      const file = `${name}${runs.length > 1 ? `-${index + 1}` : ''}.json`;
      writeFileSync(join(histories, file), toText(await run.fetchHistory()));
      console.log(file);
    }
  } finally {
    workers.shutDown();
    await workers.done;
  }
}

type Run = WorkflowHandle<Workflow>;

/** The run that was started and those that it continued as. */
async function listRuns(client: Client, first: Run & { firstExecutionRunId: string }): Promise<Run[]> {
  const runs: Run[] = [];
  let runId: string | null | undefined = first.firstExecutionRunId;
  while (runId) {
    const run: Run = client.workflow.getHandle(first.workflowId, runId);
    runs.push(run);
    const last: { newExecutionRunId?: string | null } | null | undefined = (await run.fetchHistory()).events?.at(
      -1,
    )?.workflowExecutionContinuedAsNewEventAttributes;
    runId = last?.newExecutionRunId;
  }
  return runs;
}

/** Without what tells of the machine that recorded: the worker's identity and the paths in stacks. */
function toText(history: Parameters<typeof historyToJSON>[0]): string {
  const plain: unknown = JSON.parse(historyToJSON(history), (key, value: unknown) =>
    key === 'stackTrace' ? undefined : value,
  );
  return `${JSON.stringify(plain, null, 1).replaceAll(`${process.pid}@${hostname()}`, 'worker')}\n`;
}
