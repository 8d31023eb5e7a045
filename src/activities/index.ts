import { Context } from '@temporalio/activity';
import type { DeliveryActivities, NotificationActivities, RelayActivities } from '../contracts/activities.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Stores } from '../store/index.ts';
import { isConnectionFault } from '../store/transactions.ts';
import type { Starter } from '../temporal/starter.ts';
import type { GuardedHttp } from '../upstreams/guarded-http/guarded-http.ts';
import { createIntegratorClient } from '../upstreams/integrator/integrator-client.ts';
import { createKernelClient } from '../upstreams/kernel/kernel-client.ts';
import { createKpiClient } from '../upstreams/kpi/kpi-client.ts';
import { createPushClient } from '../upstreams/push/push-client.ts';
import { createAttemptDelivery } from './attempt-delivery.ts';
import { createAttemptLog, type WriteLog } from './delivery/attempt-log.ts';
import { createClaimAttempt } from './delivery/claim-attempt.ts';
import { createDestinationGate } from './delivery/destination-gate.ts';
import { createPrepareSend } from './delivery/prepare-send.ts';
import { createSendRoom } from './delivery/send-room.ts';
import { createRecordAttempt } from './delivery/record-attempt.ts';
import { createKeepTrying } from './keep-trying.ts';
import { createNotificationActivities } from './notification/index.ts';
import { createRelayKpiEvents } from './relay-kpi-events.ts';

export type Activities = DeliveryActivities & RelayActivities & NotificationActivities;

/** Builds every activity over the collaborators of one worker. */
export function createActivities(dependencies: {
  readonly stores: Stores;
  readonly http: GuardedHttp;
  readonly keyRing: KeyRing;
  readonly starter: Pick<Starter, 'startSoon'>;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly log: { readonly info: WriteLog; readonly warn: WriteLog };
}): Activities {
  const { stores, http, starter, publicUrl, clock } = dependencies;
  const info: WriteLog = (fields, message) => dependencies.log.info(fields, message);
  const warn: WriteLog = (fields, message) => dependencies.log.warn(fields, message);
  const nowMs = () => clock().getTime();
  const sleep = async (ms: number): Promise<void> => Context.current().sleep(ms);
  return {
    attemptDelivery: createAttemptDelivery({
      claimAttempt: createClaimAttempt({
        ...stores,
        prepareSend: createPrepareSend({ ...stores, sendRoom: createSendRoom() }),
        clock,
      }),
      recordAttempt: createRecordAttempt({ ...stores, clock }),
      kernel: createKernelClient({ http }),
      gate: createDestinationGate({ nowMs }),
      starter,
      log: createAttemptLog({ info }),
      clock,
      currentRunId: () => Context.current().info.workflowExecution?.runId ?? '',
      keepTrying: createKeepTrying({ isOutage: isConnectionFault, nowMs, sleep }),
    }),
    relayKpiEvents: createRelayKpiEvents({
      ...stores,
      kpi: createKpiClient({ http }),
      publicUrl,
      clock,
      random: Math.random,
      sleep,
      heartbeat: () => {
        Context.current().heartbeat();
      },
      warn,
    }),
    ...createNotificationActivities({
      stores,
      keyRing: dependencies.keyRing,
      integrator: createIntegratorClient({ http, nowMs }),
      push: createPushClient({ http, nowMs }),
      random: Math.random,
      publicUrl,
      clock,
      info,
    }),
  };
}
