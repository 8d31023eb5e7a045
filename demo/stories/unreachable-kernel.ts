import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '../../src/domain/job-view.ts';
import { lookUntil } from '../client.ts';
import { createExpectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { describeResult, followToEnd, handOver, storyTimeoutMs } from './message-outcome.ts';

/** Longer than the retries of the demo's channel last. */
const awayMs = 12_000;
const conversations = [26, 27, 28];
const texts = ['Your parcel is packed.', 'It is on its way.', 'It has arrived.'];

export const unreachableKernel: Story = {
  title: 'Kernel is away for longer than the retries, and nothing fails',
  async play(stage) {
    const { client, channelId, kernel, tell } = stage;
    const expectations = createExpectations();
    const jobs = await handOverWhileAway(stage, async () => {
      tell('Kernel is away');
      const held = await lookUntil(
        () => client.list<JobView>('/v1/jobs?state=held'),
        (found) => found.some(({ waitingFor }) => waitingFor?.reason === 'outage'),
        storyTimeoutMs,
      );
      const reasons = new Set(held.map(({ waitingFor }) => waitingFor?.reason));
      expectations.same('some wait for the end of the outage', reasons.has('outage'), true);
      const { health } = await client.ask<{ health: { breaker: string } }>('GET', `/v1/channels/${channelId}`);
      expectations.same('the breaker is closed', health.breaker === 'closed', false);
    });
    tell('Kernel is back');
    const ended = [];
    for (const job of jobs) ended.push(await followToEnd(stage, job));
    expectations.same(
      'states',
      ended.map(({ state }) => state),
      jobs.map(() => 'read'),
    );
    const sends = kernel.sends.list();
    for (const conversation of conversations) {
      const to = stage.number(conversation);
      expectations.same(
        `order of the sends to ${to}`,
        sends.flatMap((send) => (`+${send.to}` === to ? [send.payload['text']] : [])),
        texts.map((body) => ({ body })),
      );
    }
    const [first] = ended;
    if (first === undefined) throw new Error('no message was handed over');
    return describeResult(stage, first, 'all waited without using up a retry, and went in order', expectations);
  },
};

/** Hands over the conversations while Kernel is away, and lets it come back when `look` and the time are over. */
async function handOverWhileAway(stage: Stage, look: () => Promise<void>): Promise<JobView[]> {
  const until = Date.now() + awayMs;
  await stage.kernel.goDown();
  try {
    const jobs: JobView[] = [];
    for (const text of texts) {
      for (const conversation of conversations) {
        const to = stage.number(conversation);
        const conversationId = `demo-${stage.runId}-${conversation}`;
        jobs.push(await handOver(stage, { to, conversationId, activity: { type: 'message', text } }));
      }
    }
    await look();
    await sleep(Math.max(0, until - Date.now()));
    return jobs;
  } finally {
    await stage.kernel.comeBack();
  }
}
