import type { JobView } from '../../src/domain/job-view.ts';
import { lookUntil } from '../client.ts';
import { phoneNumberId } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

export const username: Story = {
  title: 'Somebody with a username and no phone number writes, and is answered',
  async play(stage) {
    const { client, kernel } = stage;
    const userId = `ES.${stage.number(17).slice(1)}`;
    const item = { type: 'text', text: { body: 'Hola' } };
    const message = { from: '', userId, username: 'ana.demo', name: 'Ana', wamid: `wamid.user-${stage.runId}`, item };
    await kernel.receive(phoneNumberId, [message]);
    const list = () => client.list<JobView>(`/v1/jobs?to=${userId}`);
    const jobs = await lookUntil(
      list,
      (found) => found.length > 1 && found.every(({ terminal }) => terminal),
      storyTimeoutMs,
    );
    const [job] = jobs.filter(({ kind }) => kind === 'inbound');
    if (job === undefined) throw new Error('the message of the user never arrived');
    const expectations = createExpectations();
    expectations.same('who it is', [job.to, job.recipient?.username], [userId, 'ana.demo']);
    const addresses = kernel.sends
      .list()
      .filter(({ to }) => to === userId)
      .map(({ payload }) => [payload['recipient'], payload['to'] ?? null]);
    expectations.same('where the answers went', addresses[0], [userId, null]);
    return describeResult(stage, job, 'heard by the bot, and answered by the user id', expectations);
  },
};
