import { Client, Connection } from '@temporalio/client';
import { ensureSearchAttributes } from '../../dev/temporal-namespace.ts';
import { poll } from './poll.ts';

const endTimeoutMs = 40_000;

type RawClient = Client['workflow'];
export type RawHistory = Awaited<ReturnType<ReturnType<RawClient['getHandle']>['fetchHistory']>>;

/** What an operator sees of Temporal without our keys. */
export interface TemporalView {
  readonly namespace: string;
  readonly client: RawClient;
  /** The history of the workflow's latest run, as it is stored. */
  history(workflowId: string): Promise<RawHistory>;
  /** Resolves with how the workflow's latest run ended, such as `COMPLETED`, once no run is open. */
  waitForEnd(workflowId: string): Promise<string>;
  close(): Promise<void>;
}

/** Makes a namespace with our search attributes: workflows of other files are none of its workers' business. */
export async function openNamespace(address: string, namespace: string): Promise<TemporalView> {
  const connection = await Connection.connect({ address });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: config?.workflowExecutionRetentionTtl ?? null,
  });
  await ensureSearchAttributes(connection, namespace);
  await connection.close();
  return viewNamespace(address, namespace);
}

/** Of a namespace that is there. */
export async function viewNamespace(address: string, namespace: string): Promise<TemporalView> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace }).workflow;
  return {
    namespace,
    client,
    history: (workflowId) => client.getHandle(workflowId).fetchHistory(),
    waitForEnd: (workflowId) =>
      poll({
        what: `workflow ${workflowId} has ended`,
        look: async () => (await client.getHandle(workflowId).describe()).status.name,
        isDone: (status) => status !== 'RUNNING',
        timeoutMs: endTimeoutMs,
      }),
    close: () => connection.close(),
  };
}
