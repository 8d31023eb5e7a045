import { createHash } from 'node:crypto';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { WorkflowName } from '../contracts/workflow-names.ts';
import {
  type DeliveryReference,
  type EndpointReference,
  type ErasureReference,
  type PageReference,
  purgeWorkflowId,
  searchAttributeNames,
  taskQueues,
  wakeSignal,
} from '../contracts/workflows.ts';
import { describeStart, type JobToStart, priorityKeys, type StartPriority } from './job-workflow.ts';

/** Why Temporal took no start, for the log: `grpcCode` null = no server said so. */
export interface StartFailure {
  readonly jobId: string;
  readonly grpcCode: number | null;
  /** Temporal's own words, cut; they name namespaces, search attributes and limits, and quote no payload. */
  readonly reason: string;
}

/**
 * Starts and wakes workflows: answers whether Temporal took it, and never rejects, for where Temporal is away the sweep tries
 * again. Twice is one run.
 */
export interface Starter {
  /**
   * Starts the job's workflow; where it `isWake`, one that runs is woken, unless an operator has paused its activity and the
   * job goes on (`isUnlessPaused`).
   */
  start(job: JobToStart, priority: StartPriority): Promise<boolean>;
  /** Whether an operator has paused the job's activity; false also where Temporal does not say. Never rejects. */
  isPaused(jobId: string): Promise<boolean>;
  /** Starts the first attempts of several messages of one tenant in one workflow. */
  startPage(page: PageReference, priority: StartPriority): Promise<boolean>;
  /** Makes sure that the endpoint's relay runs. */
  startRelay(endpoint: EndpointReference): Promise<boolean>;
  /** Makes sure that a delivery that was asked for once more is sent. */
  startReplay(delivery: DeliveryReference): Promise<boolean>;
  /** Makes sure that an erasure goes on. */
  startErasure(erasure: ErasureReference): Promise<boolean>;
  /** Makes sure that what is too old is purged. */
  startPurge(): Promise<boolean>;
}

const maxReasonChars = 300;

const relaySummaries = {
  webhook: 'Send events to one webhook endpoint',
  kpi: 'Post KPI events of one channel to its sink',
} as const;

function describeFailure(error: unknown): Omit<StartFailure, 'jobId'> {
  // The client wraps what the server said.
  const said = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const grpcCode = isGrpcServiceError(said) ? said.code : null;
  return { grpcCode, reason: (said instanceof Error ? said.message : 'unknown').slice(0, maxReasonChars) };
}

/** By all of its messages: the same page started again is one run, and no other page is taken for it. */
function pageWorkflowId(jobIds: readonly string[]): string {
  return `page-${createHash('sha256').update(jobIds.join()).digest('hex').slice(0, 32)}`;
}

export function createStarter(options: {
  readonly client: Client;
  readonly onFailure: (failure: StartFailure) => void;
  readonly publicUrl: string;
  readonly deadlineMs?: number;
}): Starter {
  const { client, publicUrl, deadlineMs = 5_000 } = options;

  async function start(job: JobToStart, priority: StartPriority): Promise<boolean> {
    const { type, options: starting } = describeStart(job, priority, publicUrl);
    try {
      if (job.isUnlessPaused && (await isPaused(job.id))) return true;
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        job.isWake
          ? await client.workflow.signalWithStart(type, { ...starting, signal: wakeSignal })
          : await client.workflow.start(type, starting),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: job.id, ...describeFailure(error) });
      return false;
    }
  }

  /** Whether an operator has paused an activity of the workflow: then it waits for that person, and not for us. */
  async function isPaused(workflowId: string): Promise<boolean> {
    try {
      const { raw } = await client.connection.withDeadline(Date.now() + deadlineMs, () =>
        client.workflow.getHandle(workflowId).describe(),
      );
      return raw.pendingActivities?.some(({ paused }) => paused === true) ?? false;
    } catch {
      return false;
    }
  }

  /** Starts a workflow that is not the story of a job; twice is one run. */
  async function startAside(
    type: WorkflowName,
    aside: {
      readonly id: string;
      readonly kind: string;
      readonly summary: string;
      /** Null = it is about no tenant's. */
      readonly reference: { readonly tenantId: string; readonly retries?: 'temporal' } | null;
      readonly priority?: StartPriority;
      readonly jobIds?: readonly string[];
    },
  ): Promise<boolean> {
    const { reference, jobIds } = aside;
    const { tenant, kind, jobs } = searchAttributeNames;
    try {
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        client.workflow.start(type, {
          taskQueue: taskQueues.main,
          workflowId: aside.id,
          args: reference === null ? [] : [reference],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: aside.summary,
          priority: {
            priorityKey: priorityKeys[aside.priority ?? 'single'],
            ...(reference === null ? {} : { fairnessKey: reference.tenantId }),
          },
          typedSearchAttributes: [
            { key: { name: kind, type: 'KEYWORD' }, value: aside.kind },
            ...(reference === null
              ? []
              : [{ key: { name: tenant, type: 'KEYWORD' as const }, value: reference.tenantId }]),
            ...(jobIds === undefined
              ? []
              : [{ key: { name: jobs, type: 'KEYWORD_LIST' as const }, value: [...jobIds] }]),
          ],
        }),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: aside.id, ...describeFailure(error) });
      return false;
    }
  }

  function startPage(page: PageReference, priority: StartPriority): Promise<boolean> {
    return startAside('deliverPage', {
      id: pageWorkflowId(page.jobIds),
      kind: 'page',
      summary: `First attempts of ${page.jobIds.length} messages`,
      reference: { ...page, retries: 'temporal' },
      priority,
      jobIds: page.jobIds,
    });
  }

  function startErasure(erasure: ErasureReference): Promise<boolean> {
    return startAside('eraseRecipient', {
      id: erasure.erasureId,
      kind: 'erasure',
      summary: 'Erase what is kept of one recipient',
      reference: erasure,
    });
  }

  return {
    start,
    isPaused,
    startPage,
    startErasure,
    startRelay: (endpoint) =>
      startAside('relayDeliveries', {
        id: `relay-${endpoint.kind}-${endpoint.endpointId}`,
        kind: endpoint.kind,
        summary: relaySummaries[endpoint.kind],
        reference: endpoint,
      }),
    startReplay: (delivery) =>
      startAside('replayDelivery', {
        id: `replay-${delivery.deliveryId}`,
        kind: 'replay',
        summary: 'Send one delivery once more',
        reference: delivery,
      }),
    startPurge: () =>
      startAside('purgeExpired', {
        id: purgeWorkflowId,
        kind: 'retention',
        summary: 'Purge what is older than its retention',
        reference: null,
      }),
  };
}
