import { setWorkflowOptions } from '@temporalio/workflow';
import { eraseRecipient } from './erase-recipient.ts';
import { purgeExpired } from './purge-expired.ts';
import { relayInbound } from './relay-inbound.ts';
import { relayKpi, relayWebhook } from './earlier-relays.ts';
import { relayDeliveries } from './relay-deliveries.ts';
import { replayDelivery } from './replay-delivery.ts';

/**
 * The workflows as workers with a build id load them. A delivery or a batch ends on the version that began it, which is those
 * workers' default; these go on by the current one, for some of them hardly ever end. A bundle of its own, because the server
 * refuses a workflow task that names such a behaviour and comes from a worker without a version.
 */
export * from './index.ts';

const goingOn: readonly ((...args: never[]) => Promise<unknown>)[] = [
  relayInbound,
  relayDeliveries,
  relayKpi,
  relayWebhook,
  replayDelivery,
  eraseRecipient,
  purgeExpired,
];
for (const workflow of goingOn) setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, workflow);
