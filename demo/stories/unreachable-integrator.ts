import type { JobView } from '../../src/domain/job-view.ts';
import { lookUntil } from '../client.ts';
import { integrationName, merchants, users } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly attempts: readonly { readonly outcome: string }[];
  readonly error: { readonly code: string } | null;
}

export const unreachableIntegrator: Story = {
  title: 'An integrator that is away, and gets its errors when it is back',
  async play(stage) {
    const { client, integrator, runId } = stage;
    const externalId = `unreachable-${runId}`;
    const job = await notifyWhileAway(stage, externalId);
    const expectations = createExpectations();
    expectations.same('state', [job.state, job.error?.code], ['failed', 'custom_notification_not_delivered']);
    const [delivery] = await client.list<Delivery>(`/v1/jobs/${job.id}/deliveries`);
    const tries = delivery?.attempts.map(({ outcome }) => outcome);
    expectations.same('tries of the error callback', tries, ['retry', 'retry', 'retry', 'retry']);
    const given = [delivery?.state, delivery?.error?.code];
    expectations.same('delivery', given, ['failed', 'custom_notification_errors_not_delivered']);

    stage.tell('the integrator is back, and the delivery is replayed');
    const path = `/v1/deliveries/${delivery?.id}`;
    await client.ask('POST', `${path}/replay`);
    const replayed = await waitForDelivery(stage, path);
    expectations.same('delivery after its replay', replayed.state, 'delivered');
    const told = integrator.requests.list().filter(({ body }) => body['externalId'] === externalId);
    expectations.same(
      'what the integrator has, and whether it is signed',
      told.map(({ body, signatureFault }) => [body['receivers'], signatureFault]),
      [[[{ merchantId: merchants.bakery.id, userIds: [users.stranger.id] }], null]],
    );
    const outcome = 'four tries in vain, the job failed with a name for it, one replay brought the error';
    return describeResult(stage, job, outcome, expectations);
  },
};

/** One user is reached and one is not, which nobody can be told. */
async function notifyWhileAway({ client, integrator, tell }: Stage, externalId: string): Promise<JobView> {
  await integrator.goDown();
  try {
    const accepted = await client.ask<JobView>('POST', '/v1/notifications', {
      type: 'USER_CENTER_NOTIFICATION',
      integration: integrationName,
      externalId,
      titleI18n: { en: 'Opening hours' },
      messageI18n: { en: 'We open at nine.' },
      receivers: [{ merchantId: merchants.bakery.id, userIds: [users.ben.id, users.stranger.id] }],
    });
    return await client.followJob(accepted.id, {
      isDone: ({ terminal }) => terminal,
      timeoutMs: storyTimeoutMs,
      onLook: ({ state, waitingFor }) => tell(waitingFor?.detail ?? state),
    });
  } finally {
    await integrator.comeBack();
  }
}

function waitForDelivery({ client }: Stage, path: string): Promise<Delivery> {
  return lookUntil(
    () => client.ask<Delivery>('GET', path),
    ({ state }) => state === 'delivered',
    storyTimeoutMs,
  );
}
