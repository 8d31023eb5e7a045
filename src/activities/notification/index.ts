import { Context } from '@temporalio/activity';
import type { NotificationActivities } from '../../contracts/activities.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Stores } from '../../store/index.ts';
import { createIntegrationTargets } from '../../store/integration-targets.ts';
import type { DirectoryClient } from '../../upstreams/directory/directory-client.ts';
import type { IntegratorClient } from '../../upstreams/integrator/integrator-client.ts';
import type { PushClient } from '../../upstreams/push/push-client.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';
import { createJudgeAttempt } from '../destinations/judge-attempt.ts';
import { createAskDirectory } from './ask-directory.ts';
import { createCallSlots } from './call-slots.ts';
import { createCloseBatch } from './close-batch.ts';
import { createDescribeFailure } from './describe-failure.ts';
import { createExpireBatch } from './expire-batch.ts';
import { createIntegratorGate } from './integrator-gate.ts';
import { createOpenBatch } from './open-batch.ts';
import { createPrepareErrorCallbacks } from './prepare-error-callbacks.ts';
import { createProcessCenterPage } from './process-center-page.ts';
import { createProcessPage } from './process-page.ts';
import { createPushPage } from './push/index.ts';
import { createRecordFailures } from './record-failures.ts';
import { createResolveBatch } from './resolve-batch.ts';
import { createResolveUsers } from './resolve-users.ts';
import { createSendReplay } from './send-replay.ts';
import { createSendErrorCallbacks } from './send-error-callbacks.ts';

/** So many calls to one integrator at once from one worker, however many batches have errors for it. */
const callsAtOnce = 10;

/** What an activity asks of Temporal while it runs. */
export interface ActivityRuntime {
  readonly heartbeat: () => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly currentRunId: () => string;
  /** The worker shuts down, or the workflow wants the activity to end. */
  readonly isStopping: () => boolean;
}

const temporalRuntime: ActivityRuntime = {
  heartbeat: () => {
    // A local activity beats with its workflow task.
    if (!Context.current().info.isLocal) Context.current().heartbeat();
  },
  sleep: (ms) => Context.current().sleep(ms),
  currentRunId: () => Context.current().info.workflowExecution?.runId ?? '',
  isStopping: () => Context.current().cancellationSignal.aborted,
};

/** Builds the activities of a notification's workflow over the collaborators of one worker. */
export function createNotificationActivities(dependencies: {
  readonly stores: Pick<Stores, 'transactions' | 'writeJobChange' | 'createId' | 'channels'>;
  readonly keyRing: KeyRing;
  readonly integrator: Pick<IntegratorClient, 'postErrors'>;
  readonly directory: DirectoryClient;
  readonly push: PushClient;
  readonly random: () => number;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly info: WriteLog;
  /** Left out = what Temporal gives to a running activity. */
  readonly runtime?: ActivityRuntime;
}): NotificationActivities {
  const { stores, keyRing, clock, runtime = temporalRuntime } = dependencies;
  const nowMs = () => clock().getTime();
  const describeFailure = createDescribeFailure(stores);
  const targets = createIntegrationTargets({ keyRing, clock });
  const recordFailures = createRecordFailures({ describeFailure });
  const base = { ...dependencies, ...stores, ...runtime, targets, nowMs, describeFailure, recordFailures };
  const expireBatch = createExpireBatch(base);
  const lookUpUsers = createResolveUsers({ ...base, askDirectory: createAskDirectory(base) });
  const openBatch = createOpenBatch({ ...base, expireBatch });
  const { resolveUsers, takeResolved } = createResolveBatch({ ...base, openBatch });
  const pages = { ...base, expireBatch, resolveUsers: lookUpUsers, takeResolved };
  const sending = {
    ...base,
    judgeAttempt: createJudgeAttempt({ ...base, createId: stores.createId }),
  };
  const prepareErrorCallbacks = createPrepareErrorCallbacks(base);
  const sendErrorCallbacks = createSendErrorCallbacks({
    ...sending,
    slots: createCallSlots(callsAtOnce),
    gate: createIntegratorGate({ nowMs }),
  });
  return {
    resolveUsers,
    ...createProcessPage({
      ...base,
      processCenterPage: createProcessCenterPage(pages),
      processPushPage: createPushPage(pages),
    }),
    /** Makes the error callbacks of a batch and sends those that are due. Running it again is as safe as each of the two. */
    async notifyIntegrator(reference) {
      const { callbacks, job } = await prepareErrorCallbacks(reference);
      if (callbacks === 0 || job === null) return { pending: 0, nextDueMs: null };
      return sendErrorCallbacks(reference, { job, callbacks });
    },
    async openBatch(reference) {
      const { recipients, next } = await openBatch(reference);
      return { recipients, next };
    },
    async prepareErrorCallbacks(reference) {
      return { callbacks: (await prepareErrorCallbacks(reference)).callbacks };
    },
    sendErrorCallbacks: (reference) => sendErrorCallbacks(reference),
    sendReplay: createSendReplay(sending),
    closeBatch: createCloseBatch(base),
  };
}
