import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readRuns, type RunsOfWorkflow } from './run-histories.ts';
import { describeSpread, type Spread } from './statistics.ts';

const sampleSize = 12;

export interface HistoryCounts {
  readonly events: Spread;
  readonly workflowTasks: Spread;
}

export interface Histories {
  /** Counts in the histories of those of a few that have one of their own, evenly spread; null when there were none. */
  sample(workflowIds: readonly string[]): Promise<HistoryCounts | null>;
  /** Of a workflow that may have continued as new; waits for its end. */
  readRuns(workflowId: string): Promise<RunsOfWorkflow>;
  readonly serverVersion: string;
  stop(): Promise<void>;
}

export async function openHistories(environment: Readonly<Record<string, string>>): Promise<Histories> {
  const { namespace = 'default', connectionOptions } = loadClientConnectConfig({ overrideEnvVars: { ...environment } });
  const connection = await Connection.connect(connectionOptions);
  const client = new Client({ connection, namespace });
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  /** Null = the message was done by a page, and has no workflow of its own. */
  async function fetchOwn(id: string) {
    try {
      return await client.workflow.getHandle(id).fetchHistory();
    } catch (error) {
      // The history service's raw answer: 5 is gRPC's NOT_FOUND.
      if (error instanceof Error && 'code' in error && error.code === 5) return null;
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  return {
    serverVersion,
    readRuns: (workflowId) => readRuns(client, workflowId),
    async sample(workflowIds) {
      const step = Math.max(1, Math.floor(workflowIds.length / sampleSize));
      const sampled = workflowIds.filter((_id, index) => index % step === 0).slice(0, sampleSize);
      const histories = (await Promise.all(sampled.map(fetchOwn))).filter((each) => each !== null);
      const events = describeSpread(histories.map((each) => each.events?.length));
      const workflowTasks = describeSpread(
        histories.map((each) => each.events?.filter((event) => event.workflowTaskCompletedEventAttributes).length),
      );
      return events === null || workflowTasks === null ? null : { events, workflowTasks };
    },
    stop: () => connection.close(),
  };
}
