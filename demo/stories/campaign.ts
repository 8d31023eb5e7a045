import type { JobView } from '../../src/domain/job-view.ts';
import { phoneNumberId } from '../demo-settings.ts';
import { createExpectations } from '../expectations.ts';
import type { Stage, Story } from '../stage.ts';
import { deliver, describeResult, followToEnd, handOver, storyTimeoutMs } from './message-outcome.ts';

const dayMs = 86_400_000;
const greeting = { name: 'please_write', language: { code: 'es' } };
const offer = { type: 'template', template: { name: 'offer', language: { code: 'es' } } };

/** Plays with a number of which WhatsApp knows the window of 24 hours and these states of templates. */
async function withRules<Result>(
  { client, channelId, kernel }: Stage,
  templates: Readonly<Record<string, string>>,
  play: () => Promise<Result>,
): Promise<Result> {
  const change = (settings: object) => client.ask('PATCH', `/v1/channels/${channelId}`, settings);
  await change({ window: { outside: 'template', template: greeting }, optOutWords: ['STOP'] });
  kernel.changeRules(phoneNumberId, { windowMs: dayMs, templates });
  try {
    return await play();
  } finally {
    kernel.changeRules(phoneNumberId, { windowMs: null, templates: {} });
    await change({ window: { outside: 'send' }, optOutWords: [] });
  }
}

/** The person writes to that number. */
async function write(stage: Stage, from: string, body: string): Promise<void> {
  const wamid = `wamid.${body.toLowerCase()}-${from.slice(1)}`;
  await stage.kernel.receive(phoneNumberId, [{ from, name: 'Eva', wamid, item: { type: 'text', text: { body } } }]);
}

function waitUntilHeld({ client }: Stage, { id }: JobView): Promise<JobView> {
  return client.followJob(id, { isDone: ({ state }) => state === 'held', timeoutMs: storyTimeoutMs });
}

function templatesSentTo({ kernel }: Stage, to: string): unknown[] {
  const payloads = kernel.sends.list().flatMap((send) => (`+${send.to}` === to ? [send.payload['template']] : []));
  return payloads.filter((template) => template !== undefined);
}

export const outsideWindow: Story = {
  title: 'Outside the window of 24 hours a template asks, and the answer lets the message go',
  play: (stage) =>
    withRules(stage, {}, async () => {
      const to = stage.number(31);
      const message = await handOver(stage, { to, activity: { type: 'message', text: 'Your table is free now.' } });
      const held = await waitUntilHeld(stage, message);
      const expectations = createExpectations();
      expectations.same('waits for', held.waitingFor?.reason, 'window');
      const [template] = await stage.client.list<JobView>(`/v1/jobs?kind=message&to=${encodeURIComponent(to)}`);
      expectations.same('in its place goes', template?.origin, 'window_template');
      if (template !== undefined) expectations.same('the template', (await followToEnd(stage, template)).state, 'read');
      expectations.same('on the phone', templatesSentTo(stage, to), [greeting]);
      await write(stage, to, 'Hola');
      const job = await followToEnd(stage, message);
      expectations.same('state', [job.state, job.error], ['read', null]);
      return describeResult(stage, job, 'waited for the person, who was asked by a template', expectations);
    }),
};

export const stoppedTemplate: Story = {
  title: 'WhatsApp has paused a template: what names it waits, and nothing is lost',
  play: (stage) =>
    withRules(stage, { offer: 'PAUSED' }, async () => {
      const expectations = createExpectations();
      const message = await handOver(stage, { to: stage.number(32), whatsapp: offer });
      const held = await waitUntilHeld(stage, message);
      expectations.same('waits for', held.waitingFor?.reason, 'template');
      stage.kernel.changeRules(phoneNumberId, { windowMs: dayMs, templates: {} });
      await stage.client.ask('POST', `/v1/jobs/${message.id}/retry`);
      const job = await followToEnd(stage, message);
      expectations.same('state', job.state, 'read');
      return describeResult(stage, job, 'held by 132015, and sent when it was tried again', expectations);
    }),
};

export const optedOut: Story = {
  title: 'Somebody writes STOP: nothing more goes out to them but answers',
  play: (stage) =>
    withRules(stage, {}, async () => {
      const to = stage.number(33);
      await write(stage, to, 'STOP');
      const job = await deliver(stage, { to, category: 'marketing', whatsapp: offer });
      const expectations = createExpectations();
      expectations.same('state', [job.state, job.error?.code], ['failed', 'recipient_opted_out']);
      expectations.same('templates on the phone', templatesSentTo(stage, to), []);
      return describeResult(stage, job, 'refused before anything was sent', expectations);
    }),
};
