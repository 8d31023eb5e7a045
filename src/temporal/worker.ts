import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createFairSemaphore } from '../concurrency/fair-semaphore.ts';
import { deploymentName, type QueueName, queueNames, type Slots, taskQueueOf } from '../contracts/workflows.ts';
import { shareSlots } from './share-slots.ts';
import { type FaultLog, hasToldItsEnd, idsOf, isTemporalsOwn, toApplicationFailure } from './failures.ts';

/** How long running activities may finish after SIGTERM, and how long the process then insists. */
const shutdownGraceTime = '30s';
const shutdownForceTime = '10s';

/** Activities at once, where nobody says otherwise. A tenant has its share of them (`share-slots.ts`). */
const usualSlots: Readonly<Record<QueueName, number>> = { workflows: 50, sends: 100, relays: 200 };
/**
 * A local activity holds a slot for local activities, and its workflow task one for workflow tasks: there must be more of
 * either than calls on the fast path (`activities/delivery/destination-bulkhead.ts`), or calls that hang would stop all
 * workflows. The SDK's own 40 and 100 are fewer.
 */
const workflowSlots = { maxConcurrentWorkflowTaskExecutions: 200, maxConcurrentLocalActivityExecutions: 200 };

export interface WorkerGroup {
  /** Resolves when every worker has drained; rejects when one of them failed. */
  readonly done: Promise<void>;
  readonly shutDown: () => void;
  readonly isRunning: () => boolean;
}

/** A worker for each queue, in one process: of workflows, of sends that may be slow, and of relays, which mostly wait. */
export async function startWorkers(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly activities: object;
  readonly faultLog: FaultLog;
  readonly workflowSource: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  /** Absent = all queues with their usual slots, and no version. */
  readonly fleet?: {
    readonly queues: readonly QueueName[];
    readonly slots: Slots;
    /** The version of these workers; null = they have none, and take what no version of the deployment is given. */
    readonly buildId: string | null;
  };
}): Promise<WorkerGroup> {
  const { connection, namespace, dataConverter, activities, workflowSource } = options;
  const { queues, slots, buildId } = options.fleet ?? { queues: queueNames, slots: {}, buildId: null };
  const translateFailures: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (hasToldItsEnd(error)) throw error;
          if (!isTemporalsOwn(error)) {
            const { activityType, attempt, workflowExecution } = info;
            options.faultLog.report(error, { ...idsOf(input.args), activityType, attempt, ...workflowExecution });
          }
          throw toApplicationFailure(error, { isOutage: options.faultLog.isOutage, attempt: info.attempt });
        }
      },
    },
  });
  const createQueueWorker = (name: QueueName): Promise<Worker> => {
    const count = slots[name] ?? usualSlots[name];
    return Worker.create({
      connection,
      namespace,
      dataConverter,
      activities,
      taskQueue: taskQueueOf[name],
      maxConcurrentActivityTaskExecutions: count,
      interceptors: { activity: [shareSlots(createFairSemaphore(count)), translateFailures] },
      shutdownGraceTime,
      shutdownForceTime,
      ...(buildId !== null && { workerDeploymentOptions: deployAs(buildId) }),
      ...(name === 'workflows' && { ...workflowSource, ...workflowSlots }),
    });
  };
  const workers: Worker[] = [];
  for (const name of queues) workers.push(await createQueueWorker(name));
  return runTogether(workers);
}

/**
 * Runs workers until all have drained. One that ends takes the others along, for half a process is none; one that fails
 * does not end the process under the sends of the others, so its failure is told when they have drained.
 */
export function runTogether(workers: readonly Pick<Worker, 'run' | 'shutdown' | 'getState'>[]): WorkerGroup {
  const shutDown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  async function drainAll(): Promise<void> {
    const ends = await Promise.allSettled(workers.map(async (worker) => worker.run().finally(shutDown)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  return { done: drainAll(), shutDown, isRunning: () => workers.every((worker) => worker.getState() === 'RUNNING') };
}

/** Pinned, but for the workflows that say otherwise (`workflows/versioned.ts`). */
function deployAs(buildId: string): NonNullable<WorkerOptions['workerDeploymentOptions']> {
  return { version: { deploymentName, buildId }, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' };
}

/** The bundle that was made at build time for workers with a version or without, beside the compiled files. */
export function builtWorkflows({ buildId }: { readonly buildId: string | null }) {
  const file = buildId !== null ? '../versioned-workflow-bundle.js' : '../workflow-bundle.js';
  return { workflowBundle: { codePath: fileURLToPath(new URL(file, import.meta.url)) } };
}
