import { lookUntil } from '../client.ts';
import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { describeResult, followToEnd, handOver, storyTimeoutMs } from './message-outcome.ts';

/** Kernel may or may not have taken what a dead worker sent: after the ambiguous window it is sent again, and marked. */
export const killedWorker: Story = {
  title: 'The worker is killed in the middle of a send',
  async play(stage) {
    const { kernel, tell } = stage;
    const expectations = createExpectations();
    const [onTheWire, behind] = [stage.number(29), stage.number(30)];
    kernel.script(onTheWire, [{ answer: { fault: 'hang' }, callbacks: [] }]);
    const sent = await handOver(stage, { to: onTheWire, activity: { type: 'message', text: 'Did you get this?' } });
    const isSent = await lookUntil(
      async () => kernel.sends.countSends(sent.id),
      (count) => count === 1,
      storyTimeoutMs,
    );
    expectations.same('sends before the kill', isSent, 1);
    tell('killing the worker');
    const replaced = stage.replaceWorker();
    const waiting = await handOver(stage, { to: behind, activity: { type: 'message', text: 'Nobody works now.' } });
    await replaced;
    tell('another worker is ready');
    const job = await followToEnd(stage, sent);
    expectations.same('state', [job.state, job.attempts, job.possibleDuplicate], ['read', 2, true]);
    expectations.same('sends', kernel.sends.countSends(job.id), 2);
    const other = await followToEnd(stage, waiting);
    expectations.same(
      'accepted without a worker',
      [other.state, other.attempts, other.possibleDuplicate],
      ['read', 1, false],
    );
    return describeResult(stage, job, 'sent again after the window, and marked as a possible duplicate', expectations);
  },
};
