import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { describeSpread, type Spread } from './statistics.ts';
import { setTimeout as sleep } from 'node:timers/promises';

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

const endTimeoutMs = 30_000;
const pollMs = 100;

export interface RunsOfWorkflow {
  /** More than one where the workflow continued as new. */
  readonly runs: number;
  /** Of all runs together. */
  readonly events: number;
  /** Of the fullest run. */
  readonly mostEventsOfRun: number;
  /** The largest single payload in any event, its metadata included. */
  readonly largestPayloadBytes: number;
  /** Of the time from the first event to the last, the share in which an activity ran; the rest is Temporal's way between them. */
  readonly activityShare: number;
}

/** Waits for the end of the workflow's latest run, and reads every run of its chain, as it is stored. */
export async function readRuns(client: Client, workflowId: string): Promise<RunsOfWorkflow> {
  const deadlineMs = Date.now() + endTimeoutMs;
  while ((await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING') {
    if (Date.now() > deadlineMs) throw new Error(`The workflow ${workflowId} has not ended.`);
    await sleep(pollMs);
  }
  const eventsOfRuns: number[] = [];
  let largestPayloadBytes = 0;
  let [spentMs, activityMs] = [0, 0];
  let runId: string | undefined;
  do {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    eventsOfRuns.push(events?.length ?? 0);
    largestPayloadBytes = Math.max(largestPayloadBytes, ...findPayloadSizes(events ?? []));
    spentMs += timeOf(events?.at(-1)) - timeOf(events?.[0]);
    activityMs += sumActivityMs(events ?? []);
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  } while (runId !== undefined && runId !== '');
  return {
    runs: eventsOfRuns.length,
    events: eventsOfRuns.reduce((sum, each) => sum + each, 0),
    mostEventsOfRun: Math.max(...eventsOfRuns),
    largestPayloadBytes,
    activityShare: activityMs / spentMs,
  };
}

type HistoryEvent = NonNullable<
  NonNullable<Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']>[number]
>;

function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1_000 + Number(nanos ?? 0) / 1e6;
}

/** Our notifications run one activity after the other. */
function sumActivityMs(events: readonly HistoryEvent[]): number {
  let sumMs = 0;
  let startedMs = 0;
  for (const event of events) {
    if (event.activityTaskStartedEventAttributes) startedMs = timeOf(event);
    if (event.activityTaskCompletedEventAttributes) sumMs += timeOf(event) - startedMs;
  }
  return sumMs;
}

/** Bytes of every payload in a value. A payload is whatever has bytes as `data` beside `metadata`, wherever in an event it stands. */
export function findPayloadSizes(value: unknown): number[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return value.flatMap(findPayloadSizes);
  if ('data' in value && value.data instanceof Uint8Array && 'metadata' in value) {
    const metadata = Object.entries(value.metadata ?? {}).map(([name, bytes]) => name.length + lengthOf(bytes));
    return [metadata.reduce((sum, each) => sum + each, value.data.length)];
  }
  return Object.values(value).flatMap(findPayloadSizes);
}

function lengthOf(bytes: unknown): number {
  return bytes instanceof Uint8Array ? bytes.length : 0;
}
