import type { JobStart } from '../domain/job-start.ts';
import { type JobToFollow, searchAttributeNames, taskQueues } from '../contracts/workflows.ts';

export type JobToStart = Pick<JobStart, 'id' | 'tenantId' | 'kind' | 'channelId' | 'isWake' | 'isUnlessPaused'>;

/**
 * What Temporal gives first to a worker that has too much to do: answers to people, then single messages, then bulk. Within
 * one priority Temporal takes turns between tenants, where the server has `matching.enableFairness`.
 */
export const priorityKeys = { answer: 2, single: 3, bulk: 4 } as const;
export type StartPriority = keyof typeof priorityKeys;

const workflowOfKind = { message: 'deliverMessage', notification: 'notifyBatch', inbound: 'relayInbound' } as const;
const summaryOfKind = {
  message: 'Deliver one message',
  notification: 'Deliver one notification to its receivers',
  inbound: 'Relay one inbound message to the bot',
} as const;

/** What the workflow of a job is started with. */
export function describeStart(job: JobToStart, priority: StartPriority, publicUrl: string) {
  const { tenant, kind, state, channel } = searchAttributeNames;
  const reference: JobToFollow = {
    tenantId: job.tenantId,
    jobId: job.id,
    ...(job.kind !== 'notification' && { retries: 'temporal' }),
  };
  const options = {
    taskQueue: taskQueues.main,
    workflowId: job.id,
    args: [reference],
    // One job may have several runs one after the other, never two at once.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    staticSummary: summaryOfKind[job.kind],
    staticDetails: describeJob(job, publicUrl),
    priority: { priorityKey: priorityKeys[priority], fairnessKey: job.tenantId },
    typedSearchAttributes: [
      { key: { name: tenant, type: 'KEYWORD' as const }, value: job.tenantId },
      { key: { name: kind, type: 'KEYWORD' as const }, value: job.kind },
      { key: { name: state, type: 'KEYWORD' as const }, value: 'queued' },
      ...(job.channelId === null ? [] : [{ key: { name: channel, type: 'KEYWORD' as const }, value: job.channelId }]),
    ],
  };
  return { type: workflowOfKind[job.kind], options };
}

/** Markdown for the Web UI; ids and links alone, for Temporal keeps it in clear. */
function describeJob({ id, tenantId, channelId, kind }: JobToStart, publicUrl: string): string {
  const channel = channelId === null ? '' : ` on channel \`${channelId}\``;
  return `[${id}](${publicUrl}/v1/jobs/${id}): one ${kind} of tenant \`${tenantId}\`${channel}`;
}
