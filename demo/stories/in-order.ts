import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { metaRefusal } from '../stand-ins/meta-error.ts';
import { describeResult, followToEnd, handOver } from './message-outcome.ts';

const unavailable = metaRefusal(503, 2, { title: 'API Service', details: 'Temporarily unavailable; try again.' });
const texts = ['One moment, please.', 'Your order was found.', 'It arrives tomorrow.'];

export const inOrder: Story = {
  title: 'Three in order, the first one refused once',
  async play(stage) {
    const to = stage.number(6);
    stage.kernel.script(to, [{ answer: unavailable }]);
    const conversationId = `demo-${stage.runId}-6`;
    const accepted = [];
    for (const text of texts) {
      accepted.push(await handOver(stage, { to, conversationId, activity: { type: 'message', text } }));
    }
    const expectations = createExpectations();
    expectations.same(
      'waiting for their turn',
      accepted.map(({ waitingFor }) => waitingFor?.reason ?? null),
      ['start', 'turn', 'turn'],
    );
    const jobs = [];
    for (const job of accepted) jobs.push(await followToEnd(stage, job));
    expectations.same(
      'states',
      jobs.map(({ state, attempts }) => [state, attempts]),
      [
        ['read', 2],
        ['read', 1],
        ['read', 1],
      ],
    );
    const ids = accepted.map(({ id }) => id);
    const sends = stage.kernel.sends.list().filter(({ jobId }) => jobId !== null && ids.includes(jobId));
    expectations.same(
      'order of the sends',
      sends.map(({ payload }) => payload['text']),
      [texts[0], ...texts].map((body) => ({ body })),
    );
    const last = jobs.at(-1) ?? accepted[0];
    if (last === undefined) throw new Error('no message was handed over');
    return describeResult(stage, last, 'the later ones waited until the first was out', expectations);
  },
};
