import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { deliver, describeResult, expectKpiEvents } from './message-outcome.ts';

const text = 'Hola, tu pedido está en camino.';

export const deliveredAndRead: Story = {
  title: 'Delivered and read',
  async play(stage) {
    const to = stage.number(1);
    const job = await deliver(stage, { to, activity: { type: 'message', text, locale: 'es-ES' } });
    const expectations = createExpectations();
    expectations.same('state', [job.state, job.attempts, job.error], ['read', 1, null]);
    expectations.same('possibleDuplicate', job.possibleDuplicate, false);
    const sends = stage.kernel.sends.list().filter(({ jobId }) => jobId === job.id);
    expectations.same(
      'sends',
      sends.map((send) => [`+${send.to}`, send.payload['text']]),
      [[to, { body: text }]],
    );
    expectations.same(
      'providerMessageIds',
      job.providerMessageIds,
      sends.map(({ wamid }) => wamid),
    );
    await expectKpiEvents(stage, job, expectations, [
      { event: 'accepted', code: null, attempt: 1 },
      { event: 'delivered', code: null, attempt: 1 },
    ]);
    return describeResult(stage, job, 'sent once; sent, delivered and read came back', expectations);
  },
};
