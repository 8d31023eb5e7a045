import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { metaRefusal } from '../stand-ins/meta-error.ts';
import { deliver, describeResult, expectKpiEvents, followToEnd, handOver } from './message-outcome.ts';

const pairLimit = metaRefusal(400, 131056, {
  title: 'Pair rate limit hit',
  details: 'Too many messages to this number.',
});

export const throttledPair: Story = {
  title: 'Throttled for one recipient, others go on',
  async play(stage) {
    const [busy, other] = [stage.number(8), stage.number(18)];
    stage.kernel.script(busy, [{ answer: pairLimit }]);
    const throttled = await handOver(stage, { to: busy, activity: { type: 'message', text: 'Slowly, please.' } });
    const expectations = createExpectations();
    const held = await stage.client.followJob(throttled.id, {
      isDone: ({ state }) => state === 'held',
      timeoutMs: 10_000,
    });
    expectations.same('waits for', held.waitingFor?.reason, 'rate_limit');
    const free = await deliver(stage, { to: other, activity: { type: 'message', text: 'This one may go.' } });
    expectations.same('another recipient', [free.state, free.attempts], ['read', 1]);
    const job = await followToEnd(stage, throttled);
    expectations.same('state', [job.state, job.attempts, job.error], ['read', 2, null]);
    const sends = stage.kernel.sends.list().filter(({ jobId }) => jobId === job.id);
    // 4^0 s after the first answer of this kind (Meta, pair rate limits).
    expectations.same('waited a second', (sends[1]?.at ?? 0) - (sends[0]?.at ?? 0) >= 1_000, true);
    await expectKpiEvents(stage, job, expectations, [
      { event: 'kernel_error', recoverable: true, willRetry: true, code: 'whatsapp_131056', attempt: 1 },
      { event: 'accepted', attempt: 2 },
      { event: 'delivered', attempt: 2 },
    ]);
    return describeResult(stage, job, 'waited 4^0 s; nobody else did', expectations);
  },
};
