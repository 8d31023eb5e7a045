import type { JobView } from '../../src/domain/job-view.ts';
import { integrationName, merchants } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { pushError } from '../stand-ins/push.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

const { bakery } = merchants;

interface Recipient {
  readonly userId: string;
  readonly state: string;
  readonly error: { readonly code: string } | null;
}

export const push: Story = {
  title: 'Push: a dead device, a user without, one who cannot be addressed',
  async play(stage) {
    const { client, runId } = stage;
    await ensurePushChannel(stage);
    const [alive, dead] = [`alive-${runId}`, `dead-${runId}`];
    stage.push.script(dead, [pushError(404, 'UNREGISTERED')]);
    const users = { ana: `push-ana-${runId}`, off: `push-off-${runId}`, lost: `push-lost-${runId}` };
    await register(stage, users.ana, 'es-ES', [alive, dead]);
    await register(stage, users.off, 'en', []);
    await register(stage, users.lost, 'not a language', [`lost-${runId}`]);
    const accepted = await client.ask<JobView>('POST', '/v1/notifications', {
      type: 'PUSH_NOTIFICATION',
      integration: integrationName,
      externalId: `push-${runId}`,
      titleI18n: { en: 'Your order', es: 'Tu pedido' },
      messageI18n: { en: 'It is ready.', es: 'Ya está listo.' },
      data: { order: runId },
      receivers: [{ merchantId: bakery.id, userIds: Object.values(users) }],
    });
    const job = await client.followJob(accepted.id, { isDone: ({ terminal }) => terminal, timeoutMs: storyTimeoutMs });
    const expectations = createExpectations();
    expectations.same('state', job.state, 'completed_with_errors');
    const recipients = await client.list<Recipient>(`/v1/jobs/${job.id}/recipients`);
    const byUser = Object.fromEntries(recipients.map(({ userId, state, error }) => [userId, [state, error?.code]]));
    expectations.same('recipients', byUser, {
      [users.ana]: ['delivered', undefined],
      [users.off]: ['failed', 'push_notifications_disabled'],
      [users.lost]: ['failed', 'invalid_user_language_configured'],
    });
    const sends = stage.push.requests.list().filter(({ token }) => token === alive || token === dead);
    expectations.same(
      'what the devices got',
      sends.map(({ message }) => message['notification']),
      [1, 2].map(() => ({ title: 'Tu pedido', body: 'Ya está listo.' })),
    );
    const path = `/v1/directory/merchants/${bakery.id}/users/${users.ana}`;
    const { push: kept } = await client.ask<{ push: { tokens: { token: string }[] } }>('GET', path);
    expectations.same(
      'tokens left',
      kept.tokens.map(({ token }) => token),
      [alive],
    );
    return describeResult(stage, job, 'one user reached, the dead token removed, two failures told', expectations);
  },
};

/** The stand-in has a new address in every run, and the channel learns it. */
async function ensurePushChannel({ client, push: standIn }: Stage): Promise<void> {
  const settings = { name: 'Demo push', projectId: 'demo', apiBaseUrl: standIn.url, accessToken: 'demo-token' };
  const channels = await client.list<{ id: string; kind: string }>('/v1/channels');
  const known = channels.find(({ kind }) => kind === 'push');
  if (known === undefined) await client.ask('POST', '/v1/channels', { kind: 'push', ...settings });
  else await client.ask('PATCH', `/v1/channels/${known.id}`, settings);
}

async function register({ client }: Stage, userId: string, language: string, tokens: readonly string[]) {
  await client.ask('PUT', `/v1/directory/merchants/${bakery.id}/users/${userId}`, {
    active: true,
    roles: ['user'],
    language,
    push: { enabled: tokens.length > 0, tokens: tokens.map((token) => ({ token })) },
  });
}
