import { createExpectations } from '../expectations.ts';
import { phoneNumberId } from '../demo-settings.ts';
import type { Story } from '../stage.ts';
import { describeResult, expectKpiEvents, followToEnd, handOver } from './message-outcome.ts';

interface ChannelView {
  readonly state: string;
  readonly pausedReason: { readonly code: string } | null;
}

export const expiredToken: Story = {
  title: 'The token expires: the channel pauses, nothing is lost',
  async play(stage) {
    const { client, kernel, channelId } = stage;
    const channelPath = `/v1/channels/${channelId}`;
    const accessToken = `renewed-${stage.runId}`;
    kernel.renewToken(phoneNumberId, accessToken);
    const refused = await handOver(stage, { to: stage.number(9), activity: { type: 'message', text: 'Who pays?' } });
    const isHeld = { isDone: ({ state }: { state: string }) => state === 'held', timeoutMs: 10_000 };
    const expectations = createExpectations();
    expectations.same('waits for', (await client.followJob(refused.id, isHeld)).waitingFor?.reason, 'channel_paused');
    const paused = await client.ask<ChannelView>('GET', channelPath);
    expectations.same('channel', [paused.state, paused.pausedReason?.code], ['paused', 'whatsapp_190']);
    const later = await handOver(stage, { to: stage.number(19), activity: { type: 'message', text: 'And this?' } });
    expectations.same('accepted meanwhile', [later.state, later.waitingFor?.reason], ['held', 'channel_paused']);
    const resumed = await client.ask<ChannelView>('PATCH', channelPath, { accessToken });
    expectations.same('channel after its new token', [resumed.state, resumed.pausedReason], ['active', null]);
    const other = await followToEnd(stage, later);
    const job = await followToEnd(stage, refused);
    expectations.same('states', [job.state, other.state], ['read', 'read']);
    await expectKpiEvents(stage, job, expectations, [
      { event: 'kernel_error', recoverable: true, willRetry: true, code: 'whatsapp_190' },
      { event: 'accepted' },
      { event: 'delivered' },
    ]);
    return describeResult(stage, job, 'held until the new token came, then delivered', expectations);
  },
};
