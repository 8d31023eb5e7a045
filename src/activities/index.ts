import { Context } from '@temporalio/activity';
import type {
  DeliveryActivities,
  DeliveryStep,
  InboundActivities,
  MessageStep,
  NotificationActivities,
  RelayActivities,
  UpkeepActivities,
} from '../contracts/activities.ts';
import type { JobStart } from '../domain/job-start.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Stores } from '../store/index.ts';
import type { FaultLog } from '../temporal/failures.ts';
import type { GuardedHttp } from '../upstreams/guarded-http/guarded-http.ts';
import { createDirectoryClient } from '../upstreams/directory/directory-client.ts';
import { createIntegratorClient } from '../upstreams/integrator/integrator-client.ts';
import { createKernelAccess } from '../upstreams/kernel/kernel-access.ts';
import { createKernelClient } from '../upstreams/kernel/kernel-client.ts';
import { createBotClient } from '../upstreams/bot/bot-client.ts';
import { createPushClient } from '../upstreams/push/push-client.ts';
import { createWebhookClient } from '../upstreams/webhook/webhook-client.ts';
import { createAttemptDelivery } from './attempt-delivery.ts';
import { createAttemptRelay } from './attempt-relay.ts';
import { createClaimRelay } from './inbound/claim-relay.ts';
import { createMarkRelayed } from './inbound/mark-relayed.ts';
import { createRecordRelay } from './inbound/record-relay.ts';
import { createAttemptPage } from './attempt-page.ts';
import { createAttemptLog, createOutageLog, type WriteLog } from './delivery/attempt-log.ts';
import { createClaimAttempt } from './delivery/claim-attempt.ts';
import { createClaimWithPlace } from './delivery/claim-place.ts';
import { createDestinationBulkhead } from './delivery/destination-bulkhead.ts';
import { createKeepFromSending } from './delivery/keep-from-sending.ts';
import { createPrepareSend } from './delivery/prepare-send.ts';
import { createRateLimiter } from './delivery/rate-limiter.ts';
import { createRecordAttempt } from './delivery/record-attempt.ts';
import { createRecordUpload } from './delivery/record-upload.ts';
import { createTellRefusals } from './tell-refusals.ts';
import { createRelay } from './destinations/index.ts';
import { createFaultBound } from './fault-bound.ts';
import { createNotificationActivities } from './notification/index.ts';
import { createEraseRecipient } from './upkeep/erase-recipient.ts';
import { createPurgeExpired } from './upkeep/purge-expired.ts';

export type Activities = DeliveryActivities &
  InboundActivities &
  RelayActivities &
  NotificationActivities &
  UpkeepActivities;

/** Builds every activity over the collaborators of one worker. */
export function createActivities(dependencies: {
  readonly stores: Stores;
  readonly http: GuardedHttp;
  readonly keyRing: KeyRing;
  /** Starts what a page leaves to workflows of their own. */
  readonly dispatch: (starts: readonly JobStart[]) => void;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly retentionDays: number;
  readonly onStatusesDropped: (count: number) => void;
  /** False = the worker serves no sends, and so makes no call inside a workflow task either. */
  readonly callsOnFastPath?: boolean;
  readonly faultLog: FaultLog;
  readonly log: { readonly info: WriteLog; readonly warn: WriteLog };
}): Activities {
  const { stores, http, dispatch, publicUrl, clock, faultLog, callsOnFastPath = true } = dependencies;
  const info: WriteLog = (fields, message) => dependencies.log.info(fields, message);
  const warn: WriteLog = (fields, message) => dependencies.log.warn(fields, message);
  const nowMs = () => clock().getTime();
  const runtime = {
    sleep: async (ms: number): Promise<void> => Context.current().sleep(ms),
    heartbeat: (): void => Context.current().heartbeat(),
    isStopping: (): boolean => Context.current().cancellationSignal.aborted,
  };
  const bot = createBotClient({ http });
  const kernel = createKernelClient({ http, access: createKernelAccess({ http, nowMs }) });
  const followed = {
    clock,
    // Of bots and of numbers alike, each by its own name.
    claimWithPlace: createClaimWithPlace({ ...stores, bulkhead: createDestinationBulkhead({ nowMs }), clock }),
    logOutage: createOutageLog({ warn }),
    currentRun: () => {
      const { workflowExecution = { workflowId: '', runId: '' }, isLocal, activityId } = Context.current().info;
      return { ...workflowExecution, activityId: isLocal ? null : activityId };
    },
  };
  const bound = createFaultBound({ stores, faultLog, publicUrl, clock });
  const deliver = createAttemptDelivery({
    ...followed,
    noteIdentity: stores.noteIdentity,
    claimAttempt: createClaimAttempt({
      ...stores,
      prepareSend: createPrepareSend({
        ...stores,
        keepFromSending: createKeepFromSending(stores),
        rateLimiter: createRateLimiter(),
      }),
      faultLog,
      clock,
    }),
    recordAttempt: createRecordAttempt({ ...stores, faultLog, clock }),
    recordUpload: createRecordUpload({ ...stores, clock }),
    kernel,
    log: createAttemptLog({ info }),
  });
  const relay = createAttemptRelay({
    ...followed,
    claimRelay: createClaimRelay({ ...stores, faultLog, publicUrl, clock }),
    recordRelay: createRecordRelay({ ...stores, random: Math.random, clock }),
    bot,
    markRelayed: createMarkRelayed({ ...stores, kernel, clock }),
    info,
  });
  const batch = createNotificationActivities({
    stores,
    keyRing: dependencies.keyRing,
    integrator: createIntegratorClient({ http, nowMs }),
    directory: createDirectoryClient({ http }),
    push: createPushClient({ http, nowMs }),
    random: Math.random,
    publicUrl,
    clock,
    info,
  });
  const relayDeliveries = createRelay({
    ...stores,
    webhookClient: createWebhookClient({ http, nowMs }),
    bot,
    publicUrl,
    clock,
    random: Math.random,
    ...runtime,
    info,
  });
  const tellRefusals = createTellRefusals({ ...stores, publicUrl, currentRun: followed.currentRun });
  const attemptDelivery = whereSendsAreServed(bound.ofAttempt(deliver.attempt()), 'renderMessage');
  const sendToKernel = whereSendsAreServed(bound.ofAttempt(deliver.attempt('sendToKernel')), 'renderMessage');
  const attemptRelay = whereSendsAreServed(bound.ofAttempt(relay));
  const attemptPage = createAttemptPage({ ...stores, attemptDelivery, dispatch, clock });
  return {
    sendToKernel: tellRefusals(sendToKernel),
    renderMessage: bound.ofAttempt(deliver.renderMessage),
    uploadMedia: tellRefusals(bound.ofAttempt(deliver.attempt('uploadMedia'))),
    sendToKernelInPage: async (input) => (callsOnFastPath ? attemptPage(input) : { next: 'escalate' }),
    relayToBot: tellRefusals(attemptRelay),
    attemptDelivery,
    attemptPage,
    attemptRelay,
    relayDeliveries,
    // A run that an earlier release began ends: `relayDeliveries` of the same endpoint would send the same beside it.
    relayKpiEvents: async () => ({ delivered: 0, nextDueMs: null }),
    relayWebhookEvents: async () => ({ delivered: 0, hasMore: false }),
    eraseRecipient: createEraseRecipient({ ...stores, clock, ...runtime }),
    purgeExpired: createPurgeExpired({ ...dependencies, ...stores, ...runtime }),
    resolveUsers: bound.ofBatch((input) => batch.resolveUsers(input)),
    saveNotifications: bound.ofBatch((input) => batch.saveNotifications(input)),
    pushNotifications: bound.ofBatch((input) => batch.pushNotifications(input)),
    notifyIntegrator: bound.ofBatch((input) => batch.notifyIntegrator(input)),
    openBatch: bound.ofBatch((input) => batch.openBatch(input)),
    processPage: bound.ofBatch((input) => batch.processPage(input)),
    prepareErrorCallbacks: bound.ofBatch((input) => batch.prepareErrorCallbacks(input)),
    sendErrorCallbacks: bound.ofBatch((input) => batch.sendErrorCallbacks(input)),
    closeBatch: bound.ofBatch((input) => batch.closeBatch(input)),
    sendReplay: (input) => batch.sendReplay(input),
  };

  /** `activity` = what the attempt goes on with where this worker serves no sends. */
  function whereSendsAreServed(attempt: DeliveryActivities['sendToKernel'], activity?: MessageStep): typeof attempt {
    const reason = 'this worker serves no sends';
    const escalation: DeliveryStep = { next: 'escalate', reason, ...(activity && { activity }) };
    return async (input) => (callsOnFastPath || !input.isFastPath ? attempt(input) : escalation);
  }
}
