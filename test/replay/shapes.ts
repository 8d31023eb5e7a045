import type { WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import type { WorkflowName } from '../../src/contracts/workflow-names.ts';
import { type ActivityScript, ends, escalates, waits } from '../support/fake-activities.ts';

/** One way in which a workflow can go, of which a history is kept. */
export interface Shape {
  readonly workflow: WorkflowName;
  readonly args: readonly unknown[];
  readonly script: ActivityScript;
  /** Steers the workflow while it runs. */
  readonly steer?: (handle: WorkflowHandle<Workflow>) => Promise<void>;
}

const message = { workflow: 'deliverMessage', args: [{ tenantId: 'ten_1', jobId: 'msg_1' }] } as const;
const inbound = { workflow: 'relayInbound', args: [{ tenantId: 'ten_1', jobId: 'inb_1' }] } as const;
const batch = { workflow: 'notifyBatch', args: [{ tenantId: 'ten_1', jobId: 'ntf_1' }] } as const;
const relay = { workflow: 'relayKpi', args: [{ tenantId: 'ten_1', channelId: 'chn_1' }] } as const;

const replay = { workflow: 'replayDelivery', args: [{ tenantId: 'ten_1', deliveryId: 'dlv_1' }] } as const;
const webhook = { workflow: 'relayWebhook', args: [{ tenantId: 'ten_1', webhookId: 'whk_1' }] } as const;
const erasure = { workflow: 'eraseRecipient', args: [{ tenantId: 'ten_1', erasureId: 'era_1' }] } as const;

const page = { done: 1_000, isCancelled: false };
const closed = { state: 'completed', errorCode: null, delivered: 10, failed: 0, failure: null };
const problem = { code: 'unable_to_map_custom_notification', title: 'It cannot be mapped', status: 500 };
const resolved = {
  next: 'pages',
  recipients: 10,
  pageSize: 1_000,
  isPush: false,
  isShort: false,
  hasErrors: false,
} as const;
const short = { ...resolved, isShort: true };
const notified = { done: 10, isCancelled: false, hasErrors: false };
/** As often as the fast path tries. */
const away = Array.from({ length: 3 }, () => new Error('away'));
const noneLeft = { pending: 0, nextDueMs: null };
const noCallbacks = [{ callbacks: 0 }];

/** Large enough that the recording server, which suggests continue-as-new early, does so. */
const largeBatch = 20_000;
/** Likewise, for a relay that never comes to rest. */
const busyRuns = 12;
const longWaitMs = 600_000;

const isWaiting = async (handle: WorkflowHandle<Workflow>): Promise<boolean> =>
  (await handle.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes) ?? false;

async function wakeWhenWaiting(handle: WorkflowHandle<Workflow>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isWaiting(handle))) {
    if (Date.now() > deadline) throw new Error('the workflow never waited');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await handle.signal(wakeSignal);
}

/** By the name of their history's file; the parts of a chain of runs are numbered behind it. */
export const shapes: Readonly<Record<string, Shape>> = {
  'inbound-relayed': { ...inbound, script: { attemptRelay: [ends('completed')] } },
  'inbound-retried': { ...inbound, script: { attemptRelay: [waits(50), ends('completed', null, 2)] } },
  'page-of-messages': {
    workflow: 'deliverPage',
    args: [{ tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2'] }],
    script: { attemptPage: [{ done: 1, left: 1 }] },
  },
  'message-healthy': { ...message, script: { attemptDelivery: [ends('accepted')] } },
  'message-retried-twice': {
    ...message,
    script: { attemptDelivery: [waits(200), waits(400, { attempts: 2 }), ends('accepted', null, 3)] },
  },
  'message-wait-shown': {
    ...message,
    script: { attemptDelivery: [waits(200), waits(400, { attempts: 2 }), ends('accepted', null, 3)] },
  },
  'message-out-of-retries': {
    ...message,
    script: { attemptDelivery: [waits(200), ends('failed', 'kernel_http_error', 2)] },
  },
  'message-ambiguous': {
    ...message,
    script: {
      attemptDelivery: [waits(longWaitMs, { errorCode: 'kernel_timeout' }), ends('delivered')],
    },
    steer: wakeWhenWaiting,
  },
  'message-escalated': { ...message, script: { attemptDelivery: [escalates, ends('accepted')] } },
  'message-fast-path-failed': {
    ...message,
    script: { attemptDelivery: [new Error('away'), new Error('away'), new Error('away'), ends('accepted')] },
  },
  'batch-small': {
    ...batch,
    script: {
      openBatch: [{ recipients: 10, next: 'pages' }],
      processPage: [page],
      prepareErrorCallbacks: noCallbacks,
      closeBatch: [closed],
    },
  },
  'batch-large': {
    ...batch,
    script: {
      openBatch: [{ recipients: largeBatch, next: 'pages' }],
      processPage: [page],
      prepareErrorCallbacks: noCallbacks,
      closeBatch: [closed],
    },
  },
  'batch-cancelled': {
    ...batch,
    script: {
      openBatch: [{ recipients: 3_000, next: 'pages' }],
      processPage: [page, { done: 0, isCancelled: true }],
      prepareErrorCallbacks: noCallbacks,
      closeBatch: [{ ...closed, state: 'cancelled' }],
    },
  },
  'batch-with-callbacks': {
    ...batch,
    script: {
      openBatch: [{ recipients: 10, next: 'pages' }],
      processPage: [page],
      prepareErrorCallbacks: [{ callbacks: 2 }],
      sendErrorCallbacks: [
        { pending: 2, nextDueMs: 200 },
        { pending: 1, nextDueMs: longWaitMs },
        { pending: 0, nextDueMs: null },
      ],
      closeBatch: [{ ...closed, state: 'completed_with_errors', failed: 2 }],
    },
    steer: async (handle) => {
      // The second wait is the long one.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await wakeWhenWaiting(handle);
    },
  },
  'batch-failed': {
    ...batch,
    script: {
      openBatch: [{ recipients: 10, next: 'pages' }],
      processPage: [page],
      prepareErrorCallbacks: noCallbacks,
      closeBatch: [
        {
          ...closed,
          state: 'failed',
          errorCode: problem.code,
          failure: { code: problem.code, title: problem.title, problem },
        },
      ],
    },
  },
  // The same by the names that the steps have today; those above are of runs that began before.
  'batch-short': { ...batch, script: { resolveUsers: [short], saveNotifications: [notified], closeBatch: [closed] } },
  'batch-by-pages': {
    ...batch,
    script: {
      resolveUsers: [{ next: 'escalate' }, { ...resolved, recipients: largeBatch }],
      saveNotifications: [{ ...notified, done: 1_000 }],
      closeBatch: [closed],
    },
  },
  'batch-pushed': {
    ...batch,
    script: {
      resolveUsers: [{ ...resolved, pageSize: 5_000, isPush: true }],
      pushNotifications: [{ ...notified, done: 9, waitMs: 200 }, notified],
      closeBatch: [closed],
    },
  },
  'batch-told': {
    ...batch,
    script: {
      resolveUsers: [short],
      saveNotifications: [{ ...notified, hasErrors: true }],
      notifyIntegrator: [{ pending: 2, nextDueMs: 200 }, noneLeft],
      closeBatch: [{ ...closed, state: 'completed_with_errors', failed: 2 }],
    },
  },
  'batch-in-an-outage': {
    ...batch,
    script: {
      resolveUsers: [...away, short],
      saveNotifications: [...away, notified],
      closeBatch: [...away, closed],
    },
  },
  'kpi-relay': {
    ...relay,
    script: {
      relayKpiEvents: [
        { delivered: 50, nextDueMs: 0 },
        { delivered: 0, nextDueMs: 300 },
        { delivered: 7, nextDueMs: null },
      ],
    },
  },
  'delivery-replayed': { ...replay, script: { sendReplay: [new Error('away'), { state: 'delivered' }] } },
  'erasure-in-passes': {
    ...erasure,
    script: {
      eraseRecipient: [
        { next: 'more', erasedJobs: 900, inFlight: 0 },
        { next: 'end', erasedJobs: 7, inFlight: 0 },
      ],
    },
  },
  'erasure-waiting': {
    ...erasure,
    script: {
      eraseRecipient: [
        new Error('away'),
        { next: 'wait', erasedJobs: 0, inFlight: 1 },
        { next: 'end', erasedJobs: 1, inFlight: 0 },
      ],
    },
  },
  'purge-in-passes': {
    workflow: 'purgeExpired',
    args: [],
    script: {
      purgeExpired: [
        ...Array.from({ length: busyRuns }, () => ({ purged: { jobs: 900, events: 100 }, hasMore: true })),
        { purged: { events: 7 }, hasMore: false },
      ],
    },
  },
  'webhook-relay': {
    ...webhook,
    script: {
      relayWebhookEvents: [
        { delivered: 900, hasMore: true },
        { delivered: 7, hasMore: false },
      ],
    },
  },
  'webhook-relay-busy': {
    ...webhook,
    script: {
      relayWebhookEvents: [
        ...Array.from({ length: busyRuns }, () => ({ delivered: 900, hasMore: true })),
        { delivered: 7, hasMore: false },
      ],
    },
  },
};
