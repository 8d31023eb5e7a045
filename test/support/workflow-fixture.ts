import { readFile } from 'node:fs/promises';
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { activityInfo } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { SEARCH_ATTRIBUTES, TYPE_NUMBERS } from '../../dev/temporal-namespace.ts';
import { type JobToFollow, taskQueues, wakeSignal } from '../../src/contracts/workflows.ts';
import type {
  deliverMessage,
  deliverPage,
  eraseRecipient,
  notifyBatch,
  purgeExpired,
  relayInbound,
  relayDeliveries,
  relayKpi,
  relayWebhook,
} from '../../src/workflows/index.ts';
import type { replayDelivery } from '../../src/workflows/replay-delivery.ts';
import { startWorkers } from '../../src/temporal/worker.ts';
import { type ActivityScript, createFakeActivities } from './fake-activities.ts';
import { createKeptFaults } from './fault-log.ts';
import { createReplayer } from './workflow-bundle.ts';

const startTries = 3;
/** Less than a test may take, so that one that hangs says so by itself. */
const workTimeoutMs = 40_000;

export interface WorkflowTypes {
  deliverMessage: typeof deliverMessage;
  deliverPage: typeof deliverPage;
  eraseRecipient: typeof eraseRecipient;
  notifyBatch: typeof notifyBatch;
  purgeExpired: typeof purgeExpired;
  relayInbound: typeof relayInbound;
  relayDeliveries: typeof relayDeliveries;
  relayKpi: typeof relayKpi;
  replayDelivery: typeof replayDelivery;
  relayWebhook: typeof relayWebhook;
}

type History = Awaited<ReturnType<WorkflowHandleWithFirstExecutionRunId<Workflow>['fetchHistory']>>;

/**
 * Workflows over fake activities, on the server that skips time: hours of waiting take milliseconds. One worker serves
 * all tests of a file: to start one takes longer than most of them do.
 */
export async function openWorkflowFixture() {
  // Faults are what these tests are about; the SDK would tell each of them.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  const [environment, code] = await Promise.all([startTimeSkipping(), readFile(inject('workflowBundle'), 'utf8')]);
  await addSearchAttributes(environment);
  const replayer = createReplayer(code);
  const client = environment.client.workflow;
  let count = 0;
  let scripted: Record<string, (input: Record<string, unknown>) => Promise<unknown>> = {};
  const workers = await startWorkers({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    dataConverter: {},
    activities: {
      default(input: Record<string, unknown>): Promise<unknown> {
        const { activityType } = activityInfo();
        const answer = scripted[activityType];
        if (answer === undefined) throw new Error(`this test has no script for ${activityType}`);
        return answer(input);
      },
    },
    faultLog: createKeptFaults(() => true).faultLog,
    workflowSource: { workflowBundle: { code } },
  });

  /**
   * Runs `work` while the worker's activities answer from the script; then replays every history that it started, so
   * that each test also shows that what it ran is deterministic.
   */
  async function withWorker(script: ActivityScript, work: (run: Run) => Promise<void>): Promise<void> {
    const fakes = createFakeActivities(script);
    const handles: WorkflowHandle<Workflow>[] = [];
    scripted = fakes.activities;
    function optionsOf<Name extends keyof WorkflowTypes>(name: Name, args: Parameters<WorkflowTypes[Name]>) {
      const workflowId = `${name}-${(count += 1)}`;
      // The cast: the parameters are those of the named workflow, which both signatures ask for.
      return { workflowId, taskQueue: taskQueues.main, args: args as never };
    }
    async function start<Name extends keyof WorkflowTypes>(name: Name, ...args: Parameters<WorkflowTypes[Name]>) {
      const handle = await client.start<WorkflowTypes[Name]>(name, optionsOf(name, args));
      handles.push(handle);
      return handle;
    }
    async function startBySignal(job: JobToFollow): Promise<WorkflowHandle<WorkflowTypes['deliverMessage']>> {
      const options = { ...optionsOf('deliverMessage', [job]), signal: wakeSignal };
      const handle = await client.signalWithStart<WorkflowTypes['deliverMessage'], []>('deliverMessage', options);
      handles.push(handle);
      return handle;
    }
    const wakeNewest = async (): Promise<void> => handles.at(-1)?.signal(wakeSignal);
    await within(workTimeoutMs, work({ ...fakes, start, startBySignal, wakeNewest }));
    for (const handle of handles) await replayer.replay(await handle.fetchHistory(), handle.workflowId);
  }

  return {
    withWorker,
    async close() {
      workers.shutDown();
      await Promise.all([workers.done, replayer.close()]);
      await environment.teardown();
    },
  };
}

type Fakes = ReturnType<typeof createFakeActivities>;
export interface Run extends Fakes {
  /** Starts a delivery as a wake does that finds no run: with the signal waiting for it. */
  readonly startBySignal: (job: JobToFollow) => Promise<WorkflowHandle<WorkflowTypes['deliverMessage']>>;
  /** Wakes the workflow that was started last. */
  readonly wakeNewest: () => Promise<void>;
  readonly start: <Name extends keyof WorkflowTypes>(
    name: Name,
    ...args: Parameters<WorkflowTypes[Name]>
  ) => Promise<WorkflowHandleWithFirstExecutionRunId<WorkflowTypes[Name]>>;
}

/** The SDK waits five seconds for the server; a busy machine may need a second try. */
async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = inject('temporalTestServer');
  for (let tries = 1; ; tries += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      if (tries === startTries) throw error;
    }
  }
}

/** The kinds of a history's events, in order, without their common prefix. */
export function eventKinds(history: History): string[] {
  return (history.events ?? []).map((event) => {
    const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? 'unknown';
    return attributes.replace(/EventAttributes$/, '');
  });
}

export function countKind(history: History, kind: string): number {
  return eventKinds(history).filter((each) => each === kind).length;
}

/** From its first event to its last, by the server's clock. */
export function durationMs({ events }: History): number {
  const seconds = (event: NonNullable<History['events']>[number] | undefined) => Number(event?.eventTime?.seconds ?? 0);
  return (seconds(events?.at(-1)) - seconds(events?.at(0))) * 1_000;
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the workflows did not end within ${timeoutMs} ms`)), timeoutMs);
  });
  await Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}

/** This server can add search attributes, but not list those it has. */
async function addSearchAttributes({ connection, namespace = 'default' }: TestWorkflowEnvironment): Promise<void> {
  const searchAttributes = Object.fromEntries(
    Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPE_NUMBERS[type]]),
  );
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}
