import type { RelayActivities } from '../../contracts/activities.ts';
import type { Stores } from '../../store/index.ts';
import type { WebhookClient } from '../../upstreams/webhook/webhook-client.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';
import { createRelayWebhookEvents } from '../relay-webhook-events.ts';
import { createJudgeAttempt } from '../destinations/judge-attempt.ts';
import { createRecordDeliveries } from './record-deliveries.ts';
import { createTakeDeliveries } from './take-deliveries.ts';

/** Builds the relay of webhooks over the collaborators of one worker. */
export function createWebhookRelay(dependencies: {
  readonly stores: Pick<Stores, 'transactions' | 'highWaterMark' | 'webhooks' | 'createId'>;
  readonly webhookClient: WebhookClient;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
  readonly isStopping: () => boolean;
  readonly info: WriteLog;
}): RelayActivities['relayWebhookEvents'] {
  const { stores, ...rest } = dependencies;
  const base = { ...stores, ...rest };
  return createRelayWebhookEvents({
    ...base,
    takeDeliveries: createTakeDeliveries(base),
    recordDeliveries: createRecordDeliveries(base),
    judgeAttempt: createJudgeAttempt(base),
  });
}
