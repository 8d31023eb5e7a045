import { Context } from '@temporalio/activity';
import type { DeliveryActivities, NotificationActivities, RelayActivities } from '../contracts/activities.ts';
import type { Stores } from '../store/index.ts';
import { isConnectionFault } from '../store/transactions.ts';
import type { Starter } from '../temporal/starter.ts';
import type { KpiClient } from '../upstreams/kpi/kpi-client.ts';
import type { KernelClient } from '../upstreams/kernel/kernel-client.ts';
import { createAttemptDelivery } from './attempt-delivery.ts';
import { createAttemptLog, type WriteLog } from './delivery/attempt-log.ts';
import { createClaimAttempt } from './delivery/claim-attempt.ts';
import { createDestinationGate } from './delivery/destination-gate.ts';
import { createRecordAttempt } from './delivery/record-attempt.ts';
import { createKeepTrying } from './keep-trying.ts';
import { createRelayKpiEvents } from './relay-kpi-events.ts';

export type Activities = DeliveryActivities & RelayActivities & NotificationActivities;

/** Builds every activity over the collaborators of one worker. */
export function createActivities(dependencies: {
  readonly stores: Stores;
  readonly kernel: KernelClient;
  readonly kpi: KpiClient;
  readonly notifications: NotificationActivities;
  readonly starter: Pick<Starter, 'startSoon'>;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly log: { readonly info: WriteLog; readonly warn: WriteLog };
}): Activities {
  const { stores, kernel, kpi, starter, publicUrl, clock, random, log } = dependencies;
  const nowMs = () => clock().getTime();
  return {
    attemptDelivery: createAttemptDelivery({
      claimAttempt: createClaimAttempt({ ...stores, clock }),
      recordAttempt: createRecordAttempt({ ...stores, clock }),
      kernel,
      gate: createDestinationGate({ nowMs }),
      starter,
      log: createAttemptLog(log),
      clock,
      currentRunId: () => Context.current().info.workflowExecution?.runId ?? '',
      keepTrying: createKeepTrying({ isOutage: isConnectionFault, nowMs, sleep: (ms) => Context.current().sleep(ms) }),
    }),
    relayKpiEvents: createRelayKpiEvents({
      ...stores,
      kpi,
      publicUrl,
      clock,
      random,
      sleep: (ms) => Context.current().sleep(ms),
      heartbeat: () => {
        Context.current().heartbeat();
      },
      warn: log.warn,
    }),
    ...dependencies.notifications,
  };
}
