import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { noticeTexts } from '../demo-settings.ts';
import { deliver, describeResult, expectKpiEvents, expectNotice } from './message-outcome.ts';

const failure = { code: 135000, title: 'Generic user error', details: 'The message cannot be shown on this phone.' };

export const failedByCallback: Story = {
  title: 'Refused for good by callback',
  async play(stage) {
    const to = stage.number(3);
    stage.kernel.script(to, [{ callbacks: ['sent', { status: 'failed', errors: [failure] }], wentOut: false }]);
    const activity = { type: 'message', text: 'Tu factura está lista.', locale: 'es-ES' };
    const job = await deliver(stage, { to, groupId: `demo-${stage.runId}-3`, activity });
    const expectations = createExpectations();
    const { error } = job;
    expectations.same('state', [job.state, job.attempts], ['failed', 1]);
    expectations.same(
      'error',
      [error?.code, error?.source, error?.class],
      ['whatsapp_135000', 'whatsapp', 'permanent'],
    );
    expectations.same('recoverable', error?.recoverable, false);
    expectations.same('userInformed', job.userInformed, true);
    expectations.same('problem document', await readProblem(stage.client, error?.instance), error);
    await expectKpiEvents(stage, job, expectations, [
      { event: 'accepted', attempt: 1 },
      { event: 'whatsapp_error', recoverable: false, willRetry: false, userInformed: true, code: 'whatsapp_135000' },
    ]);
    // The locale es-ES has no text of its own: its base language has.
    await expectNotice(stage, job, expectations, noticeTexts.es);
    return describeResult(stage, job, 'failed for good; the user was told in Spanish', expectations);
  },
};

/** What stands behind a problem's `instance`: the very document. */
async function readProblem(client: { ask: <Body>(method: string, path: string) => Promise<Body> }, url?: string) {
  return url === undefined ? undefined : client.ask<unknown>('GET', new URL(url).pathname);
}
