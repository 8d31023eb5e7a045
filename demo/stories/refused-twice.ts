import type { AttemptView } from '../client.ts';
import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { metaRefusal } from '../stand-ins/meta-error.ts';
import { deliver, describeResult, expectKpiEvents } from './message-outcome.ts';

const unavailable = metaRefusal(503, 2, { title: 'API Service', details: 'Temporarily unavailable; try again.' });
const refusal = { event: 'kernel_error', recoverable: true, willRetry: true, userInformed: false, code: 'whatsapp_2' };

export const refusedTwice: Story = {
  title: 'Refused twice, then delivered',
  async play(stage) {
    const to = stage.number(2);
    stage.kernel.script(to, [{ answer: unavailable, times: 2 }]);
    const activity = { type: 'message', text: 'Your code is 4711.', locale: 'en' };
    const job = await deliver(stage, { to, conversationId: `demo-${stage.runId}`, activity });
    const expectations = createExpectations();
    expectations.same('state', [job.state, job.attempts, job.error], ['read', 3, null]);
    // Refused is refused: nothing of it can have arrived.
    expectations.same('possibleDuplicate', job.possibleDuplicate, false);
    const attempts = await stage.client.list<AttemptView>(`/v1/jobs/${job.id}/attempts`);
    const byNumber = attempts.toSorted((one, other) => one.number - other.number);
    expectations.same(
      'attempts',
      byNumber.map(({ number, outcome, httpStatus, providerCode }) => [number, outcome, httpStatus, providerCode]),
      [
        [1, 'retry', 503, '2'],
        [2, 'retry', 503, '2'],
        [3, 'accepted', 200, null],
      ],
    );
    expectations.same(
      'sends',
      [stage.kernel.sends.countSends(job.id), stage.kernel.sends.countWentOut(job.id)],
      [3, 1],
    );
    await expectKpiEvents(stage, job, expectations, [
      { ...refusal, attempt: 1 },
      { ...refusal, attempt: 2 },
      { event: 'accepted', attempt: 3 },
      { event: 'delivered', attempt: 3 },
    ]);
    return describeResult(stage, job, 'two refusals waited out, the third try delivered it', expectations);
  },
};
