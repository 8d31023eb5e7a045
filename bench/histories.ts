import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { describeSpread, type Spread } from './statistics.ts';

const sampleSize = 12;

export interface HistoryCounts {
  readonly events: Spread;
  readonly workflowTasks: Spread;
}

export interface Histories {
  /** Counts in the histories of a few of these workflows, evenly spread; null when there were none. */
  sample(workflowIds: readonly string[]): Promise<HistoryCounts | null>;
  readonly serverVersion: string;
  stop(): Promise<void>;
}

export async function openHistories(environment: Readonly<Record<string, string>>): Promise<Histories> {
  const { namespace = 'default', connectionOptions } = loadClientConnectConfig({ overrideEnvVars: { ...environment } });
  const connection = await Connection.connect(connectionOptions);
  const client = new Client({ connection, namespace });
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  return {
    serverVersion,
    async sample(workflowIds) {
      const step = Math.max(1, Math.floor(workflowIds.length / sampleSize));
      const sampled = workflowIds.filter((_id, index) => index % step === 0).slice(0, sampleSize);
      const histories = await Promise.all(sampled.map((id) => client.workflow.getHandle(id).fetchHistory()));
      const events = describeSpread(histories.map((each) => each.events?.length));
      const workflowTasks = describeSpread(
        histories.map((each) => each.events?.filter((event) => event.workflowTaskCompletedEventAttributes).length),
      );
      return events === null || workflowTasks === null ? null : { events, workflowTasks };
    },
    stop: () => connection.close(),
  };
}
