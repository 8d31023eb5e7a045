import type { JobView } from '../../src/domain/job-view.ts';
import { integrationName, merchants } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

const known = 2_000;
/** Named by the notification, and in no directory. */
const strangers = 5;

export const largeBatch: Story = {
  title: `${known} users of one merchant, imported and notified`,
  async play(stage) {
    const { client, integrator, tell } = stage;
    const merchantId = merchants.wholesale.id;
    const names = Array.from({ length: known }, (_user, index) => `customer-${index}`);
    const lines = names.map((userId) => ({ merchantId, userId, active: true, language: 'en' }));
    const expectations = createExpectations();
    const imported = await client.sendLines('/v1/directory/import', lines);
    expectations.same('import', imported, { imported: known, failed: 0, errors: [] });

    const others = Array.from({ length: strangers }, (_user, index) => `stranger-${index}`);
    const externalId = `large-${stage.runId}`;
    const accepted = await client.ask<JobView>('POST', '/v1/notifications', {
      type: 'USER_CENTER_NOTIFICATION',
      integration: integrationName,
      externalId,
      titleI18n: { en: 'New catalogue' },
      messageI18n: { en: 'Our spring catalogue is out.' },
      receivers: [{ merchantId, userIds: [...names, ...others] }],
    });
    const progress: number[] = [];
    const job = await client.followJob(accepted.id, {
      isDone: ({ terminal }) => terminal,
      timeoutMs: storyTimeoutMs,
      onLook({ state, counts }) {
        const done = (counts?.delivered ?? 0) + (counts?.failed ?? 0);
        progress.push(done);
        tell(`${state}, ${done} of ${counts?.recipients ?? 0} done`);
      },
    });
    const counts = { receivers: 1, recipients: known + strangers, delivered: known, failed: strangers, pending: 0 };
    expectations.same('state', job.state, 'completed_with_errors');
    expectations.same('counts', job.counts, { ...counts, failedMerchants: 0 });
    const sorted = progress.toSorted((one, other) => one - other);
    expectations.same('progress that only rises', progress, sorted);
    const told = integrator.requests.list().filter(({ body }) => body['externalId'] === externalId);
    expectations.same('errors told to the integrator', told.length, strangers);
    return describeResult(stage, job, `${known} reached, ${strangers} failures told`, expectations);
  },
};
