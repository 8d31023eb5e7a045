import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { ensureSearchAttributes } from '../../dev/temporal-namespace.ts';

type RawClient = Client['workflow'];
export type RawHistory = Awaited<ReturnType<ReturnType<RawClient['getHandle']>['fetchHistory']>>;

/** What an operator sees of Temporal without our keys. */
export interface TemporalView {
  readonly namespace: string;
  readonly client: RawClient;
  /** The history of the workflow's latest run, as it is stored. */
  history(workflowId: string): Promise<RawHistory>;
  /** Whether no run of the workflow is open. */
  hasEnded(workflowId: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Makes a namespace with our search attributes: workflows of other files are none of its workers' business. */
export async function openNamespace(address: string, namespace: string): Promise<TemporalView> {
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await ensureSearchAttributes(connection, namespace);
  const client = new Client({ connection, namespace }).workflow;
  return {
    namespace,
    client,
    history: (workflowId) => client.getHandle(workflowId).fetchHistory(),
    hasEnded: async (workflowId) => (await client.getHandle(workflowId).describe()).status.name !== 'RUNNING',
    close: () => connection.close(),
  };
}
