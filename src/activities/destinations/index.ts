import type { RelayActivities } from '../../contracts/activities.ts';
import { createKpiDestination } from './kpi/index.ts';
import { createJudgeAttempt } from './judge-attempt.ts';
import { createRelayEndpoint } from './relay-endpoint.ts';
import { createWebhookDestination } from './webhook/index.ts';

/** Builds the relay of deliveries over the collaborators of one worker; each kind of destination is a line here and a folder. */
export function createRelay(
  dependencies: Parameters<typeof createWebhookDestination>[0] &
    Parameters<typeof createKpiDestination>[0] &
    Parameters<typeof createJudgeAttempt>[0] &
    Omit<Parameters<typeof createRelayEndpoint>[0], 'destinations' | 'judgeAttempt'>,
): RelayActivities['relayDeliveries'] {
  return createRelayEndpoint({
    ...dependencies,
    judgeAttempt: createJudgeAttempt(dependencies),
    destinations: { webhook: createWebhookDestination(dependencies), kpi: createKpiDestination(dependencies) },
  });
}
