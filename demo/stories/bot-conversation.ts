import type { JobView } from '../../src/domain/job-view.ts';
import { lookUntil } from '../client.ts';
import { phoneNumberId } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Story } from '../stage.ts';
import { describeResult, storyTimeoutMs } from './message-outcome.ts';

const unavailable = { status: 503 };

export const botConversation: Story = {
  title: 'A user writes, the bot is down once, then answers',
  async play(stage) {
    const { client, kernel, bot, tell } = stage;
    const from = stage.number(10);
    bot.script('message', [unavailable]);
    const item = { type: 'text', text: { body: 'What can you do?' } };
    const message = { from, name: 'Ana', wamid: `wamid.demo-${stage.runId}`, item };
    await kernel.receive(phoneNumberId, [message]);
    // Meta tells things twice; it stays one message.
    await kernel.receive(phoneNumberId, [message]);
    const list = () => client.list<JobView>(`/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`);
    const inbound = await lookUntil(list, ([job]) => job?.terminal === true, storyTimeoutMs);
    const [job] = inbound;
    if (job === undefined) throw new Error('the message of the user never arrived');
    tell('the bot has answered');
    const expectations = createExpectations();
    expectations.same('inbound messages', inbound.length, 1);
    expectations.same('state', [job.state, job.attempts, job.error], ['completed', 2, null]);
    const replies = await lookUntil(
      () => client.list<JobView>(`/v1/jobs?kind=message&groupId=${job.id}`),
      (found) => found.length === 2 && found.every(({ state }) => state === 'read'),
      storyTimeoutMs,
    );
    expectations.same(
      'replies',
      replies.map(({ state, origin, to }) => [state, origin, to]),
      [
        ['read', 'bot', from],
        ['read', 'bot', from],
      ],
    );
    const sends = kernel.sends.list().filter(({ to }) => `+${to}` === from);
    expectations.same(
      'what the phone shows',
      sends.map(({ payload }) => payload['type']),
      ['text', 'interactive'],
    );
    const kpi = await lookUntil(
      () => bot.kpiEvents(job.id),
      (found) => found.length >= 1,
      storyTimeoutMs,
    );
    expectations.same(
      'KPI events',
      kpi.map(({ event, code, willRetry }) => [event, code, willRetry]),
      [['inbound_error', 'bot_unavailable', true]],
    );
    return describeResult(stage, job, 'relayed at the second try; two replies, one with buttons', expectations);
  },
};

/** What the demo's bot answers to a message: words, and a choice of two. */
export function answerOfDemoBot() {
  const choose = (title: string, value: string) => ({ type: 'imBack', title, value });
  return [
    { type: 'typing' },
    { type: 'message', text: 'I can find your order.' },
    {
      type: 'message',
      text: 'Shall I?',
      suggestedActions: { to: [], actions: [choose('Yes', 'find'), choose('No', 'stop')] },
    },
  ];
}
