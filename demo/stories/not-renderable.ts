import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { noticeTexts } from '../demo-settings.ts';
import { deliver, describeResult, expectKpiEvents, expectNotice } from './message-outcome.ts';

export const notRenderable: Story = {
  title: 'Cannot be rendered',
  async play(stage) {
    const to = stage.number(4);
    const activity = { type: 'message', text: '<p>Hello</p>', textFormat: 'xml', locale: 'en-GB' };
    const job = await deliver(stage, { to, groupId: `demo-${stage.runId}-4`, activity });
    const expectations = createExpectations();
    const { error } = job;
    expectations.same('state', job.state, 'failed');
    expectations.same(
      'error',
      [error?.code, error?.source, error?.recoverable],
      ['rendering_failed', 'rendering', false],
    );
    expectations.same(
      'culprit',
      error?.errors.map(({ pointer }) => pointer),
      ['/textFormat'],
    );
    expectations.same('userInformed', job.userInformed, true);
    expectations.same('sends', stage.kernel.sends.countSends(job.id), 0);
    await expectKpiEvents(stage, job, expectations, [
      { event: 'rendering_error', recoverable: false, willRetry: false, userInformed: true, code: 'rendering_failed' },
    ]);
    await expectNotice(stage, job, expectations, noticeTexts.en);
    return describeResult(stage, job, 'never sent; the error points at /textFormat', expectations);
  },
};
