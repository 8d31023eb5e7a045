/** A process of its own: the floor W0, client and worker of an empty workflow on the same Temporal server. */
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { readClockMs } from '../clock.ts';

const taskQueue = 'waypost-bench-floor';

export interface FloorOrder {
  readonly kind: 'run';
  readonly id: string;
}

export type FloorWord =
  | { readonly kind: 'ready' }
  /** The client has the workflow's result; `error` null: it completed. */
  | { readonly kind: 'done'; readonly id: string; readonly atMs: number; readonly error: string | null };

const tell = (word: FloorWord) => process.send?.(word);

Runtime.install({ logger: new DefaultLogger('WARN') });
const { namespace = 'default', connectionOptions } = loadClientConnectConfig();
const connection = await NativeConnection.connect({ ...connectionOptions, grpcCompression: { codec: 'none' } });
const client = new Client({ connection, namespace });
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./floor-workflows.js', import.meta.url)),
});

async function run(id: string): Promise<void> {
  try {
    await client.workflow.execute('emptyWorkflow', { taskQueue, workflowId: id });
    tell({ kind: 'done', id, atMs: readClockMs(), error: null });
  } catch (error) {
    tell({ kind: 'done', id, atMs: readClockMs(), error: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', ({ id }: FloorOrder) => void run(id));
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready' });
await worker.run();
