import { createHash } from 'node:crypto';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { JobKind } from '../domain/job.ts';
import { splitIntoPages } from '../domain/message/pages.ts';
import type { WorkflowName } from '../contracts/workflow-names.ts';
import {
  type ChannelReference,
  type DeliveryReference,
  type ErasureReference,
  type PageReference,
  purgeWorkflowId,
  searchAttributeNames,
  taskQueues,
  wakeSignal,
  type WebhookReference,
} from '../contracts/workflows.ts';

export interface JobToStart {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: JobKind;
}

/** Why Temporal took no start, for the log: `grpcCode` null = no server said so. */
export interface StartFailure {
  readonly jobId: string;
  readonly grpcCode: number | null;
  /** Temporal's own words, cut; they name namespaces, search attributes and limits, and quote no payload. */
  readonly reason: string;
}

/** Starts and wakes workflows. None of these throws for a Temporal that is away: the sweep tries again. */
export interface Starter {
  /** Takes a job into a bounded queue and starts it soon; false = the queue is full, and the sweep will come to it. */
  startSoon(job: JobToStart): boolean;
  /** Starts the job's workflow, or wakes the one that runs. Twice is one run. */
  wakeSoon(job: JobToStart): boolean;
  /** Takes messages of one tenant into the queue as pages, which make their first attempts together. */
  startPagesSoon(tenantId: string, jobIds: readonly string[]): boolean;
  /** Starts one page now and answers whether Temporal took it: for the sweep. */
  startPage(page: PageReference): Promise<boolean>;
  /** Starts now and answers whether Temporal took it: for the sweep. */
  start(job: JobToStart): Promise<boolean>;
  /** Makes sure that the channel's KPI relay runs. */
  startKpiRelay(channel: ChannelReference): Promise<boolean>;
  /** Makes sure that a delivery that was asked for once more is sent. */
  startReplay(delivery: DeliveryReference): Promise<boolean>;
  /** Makes sure that an erasure goes on. */
  startErasure(erasure: ErasureReference): Promise<boolean>;
  /** Likewise, without waiting for Temporal; false = the queue is full, and the sweep will come to it. */
  startErasureSoon(erasure: ErasureReference): boolean;
  /** Makes sure that what is too old is purged. */
  startPurge(): Promise<boolean>;
  /** Makes sure that the endpoint's relay runs. */
  startWebhookRelay(webhook: WebhookReference): Promise<boolean>;
  /** Waits for what the queue holds, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  readonly queueLength: () => number;
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

export function createStarter(options: {
  readonly client: Client;
  readonly onFailure: (failure: StartFailure) => void;
  readonly concurrency?: number;
  readonly queueSize?: number;
  readonly deadlineMs?: number;
}): Starter {
  const { client, concurrency = 16, queueSize = 2_000, deadlineMs = 5_000 } = options;
  const queue: (() => Promise<boolean>)[] = [];
  let running = 0;

  function startOptions(job: JobToStart) {
    return {
      taskQueue: taskQueues.main,
      workflowId: job.id,
      args: [{ tenantId: job.tenantId, jobId: job.id }],
      // One job may have several runs one after the other, never two at once.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      staticSummary: summaryOfKind[job.kind],
      typedSearchAttributes: [
        { key: { name: searchAttributeNames.tenant, type: 'KEYWORD' as const }, value: job.tenantId },
        { key: { name: searchAttributeNames.kind, type: 'KEYWORD' as const }, value: job.kind },
        { key: { name: searchAttributeNames.state, type: 'KEYWORD' as const }, value: 'queued' },
      ],
    };
  }

  async function start(job: JobToStart, isWake = false): Promise<boolean> {
    const type = workflowOfKind[job.kind];
    try {
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        isWake
          ? await client.workflow.signalWithStart(type, { ...startOptions(job), signal: wakeSignal })
          : await client.workflow.start(type, startOptions(job)),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: job.id, ...describeFailure(error) });
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
      readonly reference: { readonly tenantId: string } | null;
    },
  ): Promise<boolean> {
    try {
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        client.workflow.start(type, {
          taskQueue: taskQueues.main,
          workflowId: aside.id,
          args: aside.reference === null ? [] : [aside.reference],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: aside.summary,
          typedSearchAttributes: [
            { key: { name: searchAttributeNames.kind, type: 'KEYWORD' }, value: aside.kind },
            ...(aside.reference === null
              ? []
              : [
                  {
                    key: { name: searchAttributeNames.tenant, type: 'KEYWORD' as const },
                    value: aside.reference.tenantId,
                  },
                ]),
          ],
        }),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: aside.id, ...describeFailure(error) });
      return false;
    }
  }

  function startPage(page: PageReference): Promise<boolean> {
    return startAside('deliverPage', {
      id: pageWorkflowId(page.jobIds),
      kind: 'page',
      summary: `First attempts of ${page.jobIds.length} messages`,
      reference: page,
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

  function enqueue(work: () => Promise<boolean>): boolean {
    if (queue.length >= queueSize) return false;
    queue.push(work);
    pump();
    return true;
  }

  function pump(): void {
    while (running < concurrency) {
      const next = queue.shift();
      if (next === undefined) return;
      running += 1;
      // No start rejects; what it could not start, the sweep will.
      void next().finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  return {
    startSoon: (job) => enqueue(() => start(job)),
    wakeSoon: (job) => enqueue(() => start(job, true)),
    startPagesSoon: (tenantId, jobIds) =>
      splitIntoPages(jobIds).every((page) => enqueue(() => startPage({ tenantId, jobIds: page }))),
    startPage,
    startErasure,
    startErasureSoon: (erasure) => enqueue(() => startErasure(erasure)),
    start: (job) => start(job),
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
    async drain(timeoutMs) {
      const end = Date.now() + timeoutMs;
      while ((running > 0 || queue.length > 0) && Date.now() < end) {
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    },
    queueLength: () => queue.length + running,
  };
}
