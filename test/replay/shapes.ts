import { deliveryShapes } from './delivery-shapes.ts';
import { longWaitMs, type Shape, wakeWhenWaiting } from './shape.ts';

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

/** By the name of their history's file; the parts of a chain of runs are numbered behind it. */
export const shapes: Readonly<Record<string, Shape>> = {
  ...deliveryShapes,
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
  'deliveries-relayed': {
    workflow: 'relayDeliveries',
    args: [{ tenantId: 'ten_1', kind: 'webhook', endpointId: 'whk_1' }],
    script: {
      relayDeliveries: [
        { delivered: 900, hasMore: true },
        { delivered: 7, hasMore: false },
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
