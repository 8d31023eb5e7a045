import type { JobView } from '../../src/domain/job-view.ts';
import { integrationName, merchants } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

const { bakery } = merchants;

interface Item {
  readonly id: string;
  readonly title: string;
  readonly read: boolean;
}

export const inboxRead: Story = {
  title: 'A user reads the inbox: one, then all',
  async play(stage) {
    const { client, runId } = stage;
    const userId = `reader-${runId}`;
    const user = { active: true, roles: ['user'], language: 'es-ES' };
    await client.ask('PUT', `/v1/directory/merchants/${bakery.id}/users/${userId}`, user);
    await notify(stage, userId, { en: 'Invoice', es: 'Factura' });
    await notify(stage, userId, { en: 'Reminder', es: 'Recordatorio' });
    const job = await notify(stage, userId, { en: 'Receipt' });

    const inbox = `/v1/centers/user/merchants/${bakery.id}/users/${userId}`;
    const titles = async (query: string) => {
      const items = await client.list<Item>(`${inbox}/notifications${query}`);
      return items.map(({ title }) => title);
    };
    const unread = async () => (await client.ask<{ unread: number }>('GET', `${inbox}/unread-count`)).unread;
    const expectations = createExpectations();
    expectations.same("titles in the user's language", await titles(''), ['Receipt', 'Recordatorio', 'Factura']);
    expectations.same('titles in English', await titles('?lang=en'), ['Receipt', 'Reminder', 'Invoice']);
    expectations.same('unread at first', await unread(), 3);
    const [newest] = await client.list<Item>(`${inbox}/notifications`);
    const marked = await client.ask<Item>('PATCH', `${inbox}/notifications/${newest?.id}`, { read: true });
    expectations.same('marked as read', marked.read, true);
    expectations.same('unread after one', await unread(), 2);
    expectations.same('what is unread', await titles('?unread=true'), ['Recordatorio', 'Factura']);
    await client.ask('POST', `${inbox}/read-all`);
    expectations.same('unread after all', await unread(), 0);
    return describeResult(stage, job, 'three came, in Spanish; one was read, then all', expectations);
  },
};

async function notify({ client, runId }: Stage, userId: string, titleI18n: object): Promise<JobView> {
  const accepted = await client.ask<JobView>('POST', '/v1/notifications', {
    type: 'USER_CENTER_NOTIFICATION',
    integration: integrationName,
    externalId: `inbox-${runId}`,
    titleI18n,
    messageI18n: { en: 'Please have a look.', es: 'Échale un vistazo.' },
    receivers: [{ merchantId: bakery.id, userIds: [userId] }],
  });
  return client.followJob(accepted.id, { isDone: ({ terminal }) => terminal, timeoutMs: storyTimeoutMs });
}
