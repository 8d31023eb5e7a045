import { type Blocker, explainWait, type WaitFacts } from './explain-wait.ts';
import { type RecipientView, viewRecipient } from './identity/identity.ts';
import type { Job, JobKind, JobState, WaitingReason } from './job.ts';
import type { Pricing, ToldPricing } from './message/pricing.ts';
import type { Problem } from './problems/problem.ts';

/** A job as the API, the events and the webhooks show it. Times are RFC 3339 UTC with milliseconds. */
export interface JobView {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly terminal: boolean;
  readonly waitingFor: {
    reason: WaitingReason;
    until: string | null;
    detail: string | null;
    blockedBy: Blocker | null;
  } | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly error: Problem | null;
  readonly externalId: string | null;
  readonly channelId: string | null;
  readonly to: string | null;
  readonly recipient: RecipientView | null;
  readonly conversationId: string | null;
  readonly groupId: string | null;
  readonly integration: string | null;
  readonly label: string | null;
  readonly providerMessageIds: readonly string[];
  readonly possibleDuplicate: boolean;
  readonly deliveryConfirmed: boolean | null;
  readonly pricing: Pricing | null;
  readonly userInformed: boolean;
  readonly counts: Job['counts'];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly origin: string;
  readonly causedBy: string | null;
  readonly requestId: string | null;
  readonly sendAt: string | null;
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
  readonly workflow: { id: string; runId: string; url: string } | null;
}

/** Where people look at workflows: `{uiUrl}/namespaces/{namespace}/workflows/…`. */
export interface WorkflowLinks {
  readonly uiUrl: string;
  readonly namespace: string;
}

function time(value: Date | null): string | null {
  return value === null ? null : value.toISOString();
}

/** `facts` = what is known beside the record of what it waits for; null = its wait is told by the record alone. */
export function toJobView(job: Job, links: WorkflowLinks, facts: WaitFacts | null = null): JobView {
  const wait = explainWait(job, facts);
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    terminal: job.terminal,
    waitingFor: wait === null ? null : { ...wait, until: time(wait.until) },
    attempts: job.attempts,
    nextAttemptAt: time(job.nextAttemptAt),
    error: job.error,
    externalId: job.externalId,
    channelId: job.channelId,
    to: job.to,
    recipient: viewRecipient(job.to, job.recipient),
    conversationId: job.conversationId,
    groupId: job.groupId,
    integration: job.integration,
    label: job.label,
    providerMessageIds: job.providerMessageIds,
    possibleDuplicate: job.possibleDuplicate,
    deliveryConfirmed: job.deliveryConfirmed,
    pricing: viewPricing(job.pricing),
    userInformed: job.userInformed,
    counts: job.counts,
    metadata: job.metadata,
    origin: job.origin,
    causedBy: job.causedBy,
    requestId: job.requestId,
    sendAt: time(job.sendAt),
    expiresAt: job.expiresAt.toISOString(),
    createdAt: job.createdAt.toISOString(),
    updatedAt: job.updatedAt.toISOString(),
    finishedAt: time(job.finishedAt),
    workflow: viewWorkflow(job, links),
  };
}

function viewPricing(told: ToldPricing | null): Pricing | null {
  if (told === null) return null;
  const { billable, pricing_model, type, category } = told;
  return { billable, pricing_model, type, category };
}

/** Null = none has taken the job up yet: a link would lead to nothing. */
function viewWorkflow({ id, workflowId, workflowRunId: runId }: Job, links: WorkflowLinks): JobView['workflow'] {
  if (runId === null) return null;
  const ofJob = workflowId ?? id;
  const page = `${links.uiUrl}/namespaces/${encodeURIComponent(links.namespace)}/workflows/${ofJob}`;
  return { id: ofJob, runId, url: `${page}/${runId}/history` };
}
