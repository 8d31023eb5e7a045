import type { Client } from '@temporalio/client';
import type { JobKind } from '../domain/job.ts';
import {
  type ChannelReference,
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

/** Starts and wakes workflows. None of these throws for a Temporal that is away: the sweep tries again. */
export interface Starter {
  /** Takes a job into a bounded queue and starts it soon; false = the queue is full, and the sweep will come to it. */
  startSoon(job: JobToStart): boolean;
  /** Starts the job's workflow, or wakes the one that runs. Twice is one run. */
  wakeSoon(job: JobToStart): boolean;
  /** Starts now and answers whether Temporal took it: for the sweep. */
  start(job: JobToStart): Promise<boolean>;
  /** Makes sure that the channel's KPI relay runs. */
  startKpiRelay(channel: ChannelReference): Promise<boolean>;
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

export function createStarter(options: {
  readonly client: Client;
  readonly onFailure: (failure: { readonly jobId: string; readonly error: unknown }) => void;
  readonly concurrency?: number;
  readonly queueSize?: number;
  readonly deadlineMs?: number;
}): Starter {
  const { client, concurrency = 16, queueSize = 2_000, deadlineMs = 5_000 } = options;
  const queue: { job: JobToStart; isWake: boolean }[] = [];
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
      options.onFailure({ jobId: job.id, error });
      return false;
    }
  }

  async function startRelay(
    type: 'relayKpi' | 'relayWebhook',
    workflowId: string,
    reference: ChannelReference | WebhookReference,
    staticSummary: string,
  ): Promise<boolean> {
    try {
      await client.connection.withDeadline(Date.now() + deadlineMs, async () =>
        client.workflow.start(type, {
          taskQueue: taskQueues.main,
          workflowId,
          args: [reference],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary,
          typedSearchAttributes: [
            { key: { name: searchAttributeNames.tenant, type: 'KEYWORD' }, value: reference.tenantId },
            {
              key: { name: searchAttributeNames.kind, type: 'KEYWORD' },
              value: type === 'relayKpi' ? 'kpi' : 'webhook',
            },
          ],
        }),
      );
      return true;
    } catch (error) {
      options.onFailure({ jobId: workflowId, error });
      return false;
    }
  }

  function enqueue(job: JobToStart, isWake: boolean): boolean {
    if (queue.length >= queueSize) return false;
    queue.push({ job, isWake });
    pump();
    return true;
  }

  function pump(): void {
    while (running < concurrency) {
      const next = queue.shift();
      if (next === undefined) return;
      running += 1;
      // `start` never rejects; what it could not start, the sweep will.
      void start(next.job, next.isWake).finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  return {
    startSoon: (job) => enqueue(job, false),
    wakeSoon: (job) => enqueue(job, true),
    start: (job) => start(job),
    startKpiRelay: (channel) =>
      startRelay('relayKpi', `kpi-${channel.channelId}`, channel, 'Post KPI events of one channel to its sink'),
    startWebhookRelay: (webhook) =>
      startRelay('relayWebhook', `whk-${webhook.webhookId}`, webhook, 'Send events to one webhook endpoint'),
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
