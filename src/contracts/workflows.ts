import { defineSignal } from '@temporalio/workflow';
import type { EndpointKind } from '../domain/delivery/delivery.ts';

/**
 * Task queues. Sends that may be slow have their own, so that they cannot take the workers of the fast path; so do the
 * relays of webhooks and of KPI events, each of which works for a minute.
 */
export const taskQueues = { main: 'waypost', send: 'waypost-send', relay: 'waypost-relay' } as const;

/** The Temporal Worker Deployment whose versions are build ids. */
export const deploymentName = 'waypost';

/** What a worker may serve, by the words of `WAYPOST_QUEUES`. */
export const queueNames = ['workflows', 'sends', 'relays'] as const;
export type QueueName = (typeof queueNames)[number];
/** A delivery needs them both; the relays tell others of it. */
export const queuesOfDeliveries = ['workflows', 'sends'] as const satisfies readonly QueueName[];
/** Activities at once that a worker makes of a queue; absent = its usual number. */
export type Slots = { readonly [Name in QueueName]?: number | undefined };
export const taskQueueOf: Readonly<Record<QueueName, string>> = {
  workflows: taskQueues.main,
  sends: taskQueues.send,
  relays: taskQueues.relay,
};

/** The one that purges, of all tenants: there is never more than one. */
export const purgeWorkflowId = 'waypost-retention';

/** Starts and wakes go by job: the id of the workflow is the id of the job. */
export interface JobReference {
  readonly tenantId: string;
  readonly jobId: string;
}

/** `retries` absent = started by a release whose workflows waited for retries themselves, on timers. */
interface Retries {
  readonly retries?: 'temporal';
}

/** What the workflow of a message, in or out, is started with. */
export interface JobToFollow extends JobReference, Retries {}

/**
 * The ids of a page stand in a search attribute, which Temporal bounds at 2 KB; and a page holds one workflow task while it
 * sends, so it is what a worker does in a second or so.
 */
export const maxPageMessages = 60;

/** Messages of one tenant that make their first attempt together, `maxPageMessages` at the most. */
export interface PageReference extends Retries {
  readonly tenantId: string;
  readonly jobIds: readonly string[];
}

export interface DeliveryResult {
  readonly state: string;
  readonly attempts: number;
}

export interface BatchResult {
  readonly state: string;
  readonly delivered: number;
  readonly failed: number;
}

export interface ChannelReference {
  readonly tenantId: string;
  readonly channelId: string;
}

export interface DeliveryReference {
  readonly tenantId: string;
  readonly deliveryId: string;
}

/** An erasure is named by its id: the number that it erases stands in its row alone. */
export interface ErasureReference {
  readonly tenantId: string;
  readonly erasureId: string;
}

/** What a relay serves: `whk_…` of a webhook endpoint, `chn_…` of a channel's KPI sink. */
export interface EndpointReference {
  readonly tenantId: string;
  readonly kind: EndpointKind;
  readonly endpointId: string;
}

export interface WebhookReference {
  readonly tenantId: string;
  readonly webhookId: string;
}

/** A callback, an operator or a resumed channel has changed the job: look at its record again. */
export const wakeSignal = defineSignal('wake');

/** Names of the search attributes: of type Keyword, and `jobs` of type KeywordList. */
export const searchAttributeNames = {
  tenant: 'WaypostTenant',
  kind: 'WaypostKind',
  state: 'WaypostState',
  errorCode: 'WaypostErrorCode',
  channel: 'WaypostChannel',
  /** On pages only: their jobs. */
  jobs: 'WaypostJobs',
} as const;
