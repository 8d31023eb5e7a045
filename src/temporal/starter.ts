import { createHash } from 'node:crypto';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { JobStart } from '../domain/job-start.ts';
import type { WorkflowName } from '../contracts/workflow-names.ts';
import {
  type ChannelReference,
  type DeliveryReference,
  type ErasureReference,
  type JobToFollow,
  type PageReference,
  purgeWorkflowId,
  searchAttributeNames,
  taskQueues,
  wakeSignal,
  type WebhookReference,
} from '../contracts/workflows.ts';

export type JobToStart = Pick<JobStart, 'id' | 'tenantId' | 'kind' | 'channelId' | 'isWake' | 'isUnlessPaused'>;

/** Why Temporal took no start, for the log: `grpcCode` null = no server said so. */
export interface StartFailure {
  readonly jobId: string;
  readonly grpcCode: number | null;
  /** Temporal's own words, cut; they name namespaces, search attributes and limits, and quote no payload. */
  readonly reason: string;
}

/**
 * What Temporal gives first to a worker that has too much to do: answers to people, then single messages, then bulk. Within
 * one priority Temporal takes turns between tenants, where the server has `matching.enableFairness`.
 */
export const priorityKeys = { answer: 2, single: 3, bulk: 4 } as const;
export type StartPriority = keyof typeof priorityKeys;

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
  /** Starts the first attempts of several messages of one tenant in one workflow. */
  startPage(page: PageReference, priority: StartPriority): Promise<boolean>;
  /** Makes sure that the channel's KPI relay runs. */
  startKpiRelay(channel: ChannelReference): Promise<boolean>;
  /** Makes sure that a delivery that was asked for once more is sent. */
  startReplay(delivery: DeliveryReference): Promise<boolean>;
  /** Makes sure that an erasure goes on. */
  startErasure(erasure: ErasureReference): Promise<boolean>;
  /** Makes sure that what is too old is purged. */
  startPurge(): Promise<boolean>;
  /** Makes sure that the endpoint's relay runs. */
  startWebhookRelay(webhook: WebhookReference): Promise<boolean>;
}

const workflowOfKind = { message: 'deliverMessage', notification: 'notifyBatch', inbound: 'relayInbound' } as const;
const summaryOfKind = {
  message: 'Deliver one message',
  notification: 'Deliver one notification to its receivers',
  inbound: 'Relay one inbound message to the bot',
} as const;

const maxReasonChars = 300;

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

function channelAttribute(channelId: string | null) {
  const key = { name: searchAttributeNames.channel, type: 'KEYWORD' as const };
  return channelId === null ? [] : [{ key, value: channelId }];
}

export function createStarter(options: {
  readonly client: Client;
  readonly onFailure: (failure: StartFailure) => void;
  readonly publicUrl: string;
  readonly deadlineMs?: number;
}): Starter {
  const { client, deadlineMs = 5_000 } = options;

  function startOptions(job: JobToStart, priority: StartPriority) {
    return {
      taskQueue: taskQueues.main,
      workflowId: job.id,
      args: [
        {
          tenantId: job.tenantId,
          jobId: job.id,
          ...(job.kind !== 'notification' && { retries: 'temporal' }),
        } satisfies JobToFollow,
      ],
      // One job may have several runs one after the other, never two at once.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      staticSummary: summaryOfKind[job.kind],
      staticDetails: describeJob(job),
      priority: { priorityKey: priorityKeys[priority], fairnessKey: job.tenantId },
      typedSearchAttributes: [
        { key: { name: searchAttributeNames.tenant, type: 'KEYWORD' as const }, value: job.tenantId },
        { key: { name: searchAttributeNames.kind, type: 'KEYWORD' as const }, value: job.kind },
        { key: { name: searchAttributeNames.state, type: 'KEYWORD' as const }, value: 'queued' },
        ...channelAttribute(job.channelId),
      ],
    };
  }

  async function start(job: JobToStart, priority: StartPriority): Promise<boolean> {
    const type = workflowOfKind[job.kind];
    try {
      if (job.isUnlessPaused && (await isPaused(job.id))) return true;
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        job.isWake
          ? await client.workflow.signalWithStart(type, { ...startOptions(job, priority), signal: wakeSignal })
          : await client.workflow.start(type, startOptions(job, priority)),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: job.id, ...describeFailure(error) });
      return false;
    }
  }

  /** Whether an operator has paused an activity of the workflow: then it waits for that person, and not for us. */
  async function isPaused(workflowId: string): Promise<boolean> {
    const { raw } = await client.connection.withDeadline(Date.now() + deadlineMs, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return raw.pendingActivities?.some(({ paused }) => paused === true) ?? false;
  }

  /** Markdown for the Web UI; ids and links alone, for Temporal keeps it in clear. */
  function describeJob({ id, tenantId, channelId, kind }: JobToStart): string {
    const channel = channelId === null ? '' : ` on channel \`${channelId}\``;
    return `[${id}](${options.publicUrl}/v1/jobs/${id}): one ${kind} of tenant \`${tenantId}\`${channel}`;
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
    startPage,
    startErasure,
    startKpiRelay: (channel) =>
      startAside('relayKpi', {
        id: `kpi-${channel.channelId}`,
        kind: 'kpi',
        summary: 'Post KPI events of one channel to its sink',
        reference: channel,
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
    startWebhookRelay: (webhook) =>
      startAside('relayWebhook', {
        id: `whk-${webhook.webhookId}`,
        kind: 'webhook',
        summary: 'Send events to one webhook endpoint',
        reference: webhook,
      }),
  };
}
