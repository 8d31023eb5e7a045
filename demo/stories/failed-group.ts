import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { metaRefusal } from '../stand-ins/meta-error.ts';
import { describeResult, expectKpiEvents, followToEnd, handOver } from './message-outcome.ts';

const refusal = metaRefusal(400, 131009, {
  title: 'Parameter value is not valid',
  details: 'No such template language.',
});

export const failedGroup: Story = {
  title: 'One of a group fails, the rest is not sent',
  async play(stage) {
    const to = stage.number(7);
    // The answer takes its time, so that the whole group is there when it comes.
    stage.kernel.script(to, [{ answer: { ...refusal, delayMs: 300 } }]);
    const names = { to, conversationId: `demo-${stage.runId}-7`, groupId: `demo-${stage.runId}-7` };
    const first = await handOver(stage, { ...names, activity: { type: 'message', text: 'First of three' } });
    const second = await handOver(stage, { ...names, activity: { type: 'message', text: 'Second of three' } });
    const third = await handOver(stage, { ...names, activity: { type: 'message', text: 'Third of three' } });
    const expectations = createExpectations();
    const failed = await followToEnd(stage, first);
    expectations.same('the first', [failed.state, failed.error?.code], ['failed', 'whatsapp_131009']);
    for (const job of [second, third]) {
      const ended = await followToEnd(stage, job);
      const seen = [ended.state, ended.error?.code, ended.attempts, stage.kernel.sends.countSends(job.id)];
      expectations.same('one of the rest', seen, ['cancelled', 'group_cancelled', 0, 0]);
      await expectKpiEvents(stage, ended, expectations, [
        { event: 'cancelled', recoverable: false, willRetry: false, code: 'group_cancelled' },
      ]);
    }
    return describeResult(stage, failed, 'the rest of the answer was cancelled unsent', expectations);
  },
};
