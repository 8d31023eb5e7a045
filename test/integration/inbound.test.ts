import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../demo/stand-ins/answer.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';

let place: Awaited<ReturnType<typeof openInboundFixture>>;
let channelId: string;
const reply = (text: string) => ({ type: 'message', text });

beforeAll(async () => {
  place = await openInboundFixture({
    reply: (activity) => [
      { type: 'typing' },
      { ...reply(`You said ${String(activity['text'])}`), _channelId: 'odd', replyToId: activity['id'] },
      reply('Anything else?'),
    ],
  });
});
afterAll(() => place.close());
beforeEach(async () => {
  channelId = await place.addBotChannel();
  place.bot.clear();
});

async function receiveOne(text = 'Hola') {
  await place.receive(channelId, place.aText(text));
  const job = (await place.inboundOf(channelId)).at(-1);
  if (job === undefined) throw new Error('nothing was received');
  return job;
}

describe('a message of a user', () => {
  it('becomes a job that is started, and an event, once however often it comes', async () => {
    const message = place.aText('Hola');
    const at = await Promise.all([1, 2, 3].map(() => place.receive(channelId, message)));
    expect(at.map(({ received }) => received).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
    expect(await place.receive(channelId, message)).toMatchObject({ received: 0, repeated: 1 });
    const [job, ...others] = await place.inboundOf(channelId);
    expect(others).toEqual([]);
    expect(job).toMatchObject({
      kind: 'inbound',
      state: 'queued',
      to: '+34600000801',
      conversationId: `${channelId}.34600000801`,
      providerMessageIds: [message.providerMessageId],
      origin: 'whatsapp',
      requestId: 'req_in',
    });
    expect(job?.id).toMatch(/^inb_/);
    const events = await place.rows<{ type: string }>('select type from event where job_id = $1', [job?.id]);
    expect(events).toEqual([{ type: 'inbound.received' }]);
    expect(place.started.filter(({ id }) => id === job?.id)).toHaveLength(1);
  });

  it('is relayed as an activity, and the replies are one group of messages, in order', async () => {
    const job = await receiveOne();
    const step = await place.attemptRelay(job.id, true);
    expect(step).toMatchObject({ next: 'end', state: 'completed', errorCode: null, attempts: 1, problem: null });
    expect(place.bot.messages()).toMatchObject([
      {
        type: 'message',
        id: job.id,
        text: 'Hola',
        from: { id: '34600000801', name: 'Ana' },
        conversation: { id: job.conversationId },
        deliveryMode: 'expectReplies',
        serviceUrl: `https://waypost.test/bot/${channelId}/capability/`,
      },
    ]);
    const replies = await place.repliesTo(job.id);
    expect(replies.map(({ request }) => request)).toMatchObject([
      { activity: { text: 'You said Hola', _channelId: 'odd' } },
      { activity: { text: 'Anything else?' } },
    ]);
    expect(replies[0]).toMatchObject({ state: 'queued', origin: 'bot', to: job.to, groupId: job.id, isOrdered: true });
    expect(replies[1]).toMatchObject({ state: 'held', waitingFor: { reason: 'turn' } });
    expect(place.started.some(({ id }) => id === replies[0]?.id)).toBe(true);
    for (const { id } of replies) expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
    expect(await place.attemptsOf(job.id)).toMatchObject([{ number: 1, outcome: 'accepted', http_status: 200 }]);
    expect(await place.timelineOf(job.id)).toEqual(['inbound.received', 'inbound.completed']);
  });

  it('that was relayed is not relayed again, and its replies are accepted once', async () => {
    const job = await receiveOne();
    await Promise.all([place.attemptRelay(job.id, true), place.attemptRelay(job.id), place.attemptRelay(job.id)]);
    await place.relay(job.id);
    expect(await place.repliesTo(job.id)).toHaveLength(2);
  });

  it('is stored and told where the channel has no bot, and nothing is started', async () => {
    channelId = await place.addChannel({ botUrl: null });
    const job = await receiveOne();
    expect(job).toMatchObject({ state: 'completed', terminal: true, wakeAt: null, attempts: 0 });
    expect(place.started.some(({ id }) => id === job.id)).toBe(false);
  });

  it('to another number of the same app goes to that number’s channel; to an unknown one it is counted', async () => {
    const other = await place.addBotChannel({ phoneNumberId: 'the-other-number' });
    const outcome = await place.receive(
      channelId,
      place.aText('for the other', { phoneNumberId: 'the-other-number' }),
      place.aText('for nobody', { phoneNumberId: 'nobody' }),
    );
    expect(outcome).toEqual({ received: 1, repeated: 0, unknownNumber: 1 });
    expect(await place.inboundOf(other)).toHaveLength(1);
    expect(await place.inboundOf(channelId)).toEqual([]);
  });

  it('names what the user quotes: our job where it is ours, else the provider’s id', async () => {
    const sent = await place.accept(channelId, { to: '+34600000801' });
    await place.deliver(sent.id);
    const wamid = place.sendsOf(sent.id)[0]?.wamid;
    const quoting = (id: unknown) => {
      const message = place.aText('Yes, that one');
      return { ...message, raw: { ...message.raw, context: { id } } };
    };
    await place.receive(channelId, quoting(wamid), quoting('wamid.foreign'));
    for (const job of await place.inboundOf(channelId)) await place.relay(job.id);
    expect(place.bot.messages().map(({ replyToId }) => replyToId)).toEqual([sent.id, 'wamid.foreign']);
  });
});

describe('messages of one conversation', () => {
  it('reach the bot one after the other, also while it is down for the first', async () => {
    place.bot.script('message', [{ status: 503, times: 2 }]);
    await place.receive(channelId, place.aText('first'), place.aText('second'), place.aText('third'));
    const [first, second, third] = await place.inboundOf(channelId);
    expect([second?.state, third?.waitingFor?.reason]).toEqual(['held', 'turn']);
    await place.attemptRelay(second?.id ?? '');
    await place.relay(first?.id ?? '');
    await place.relay(second?.id ?? '');
    await place.relay(third?.id ?? '');
    expect(place.bot.messages().map(({ text }) => text)).toEqual(['first', 'first', 'first', 'second', 'third']);
  });

  it('do not wait for those of others', async () => {
    await place.receive(channelId, place.aText('mine'), place.aText('yours', { from: '+34600000802' }));
    const [, other] = await place.inboundOf(channelId);
    expect(other).toMatchObject({ state: 'queued' });
  });
});

describe('a bot', () => {
  it.each([
    ['503', { status: 503 }],
    ['429', { status: 429 }],
    ['408', { status: 408 }],
    ['a reset', { fault: 'reset_after_body' }],
  ] as const)('that is unavailable (%s) is tried again, and each failure is a KPI event', async (_, answer) => {
    place.bot.script('message', [answer]);
    const job = await receiveOne();
    await place.attemptRelay(job.id, true);
    const held = await place.find(job.id);
    expect(held).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' }, error: { code: 'bot_unavailable' } });
    expect(await place.relay(job.id)).toMatchObject({ state: 'completed', attempts: 2, error: null });
    expect(await place.kpiOf(job.id)).toMatchObject([
      { event: 'inbound_error', recoverable: true, willRetry: true, code: 'bot_unavailable', source: 'bot' },
    ]);
  });

  it('is waited for as long as it asks', async () => {
    place.bot.script('message', [{ status: 503, headers: { 'retry-after': '120' } }]);
    const job = await receiveOne();
    const step = await place.attemptRelay(job.id, true);
    expect(step).toMatchObject({ next: 'wait' });
    expect(step.next === 'wait' ? step.waitMs : 0).toBeGreaterThan(115_000);
  });

  it('that stays away ends the message after the channel’s retries, and the next one goes', async () => {
    channelId = await place.addBotChannel({ numRetries: 2 });
    place.bot.script('message', [{ status: 500, times: 3 }]);
    await place.receive(channelId, place.aText('lost'), place.aText('next'));
    const [job, next] = await place.inboundOf(channelId);
    const failed = await place.relay(job?.id ?? '');
    expect(failed).toMatchObject({ state: 'failed', terminal: true, attempts: 3, error: { code: 'bot_unavailable' } });
    expect(failed.error?.recoverable).toBe(false);
    const events = await place.rows<{ type: string }>('select type from event where job_id = $1 order by sequence', [
      failed.id,
    ]);
    expect(events.map(({ type }) => type)).toEqual(['inbound.received', 'inbound.failed']);
    expect(place.woken.map(({ id }) => id)).toContain(next?.id);
    expect(await place.relay(next?.id ?? '')).toMatchObject({ state: 'completed' });
    await place.control.retry(place.tenantId, failed.id);
    expect(await place.relay(failed.id)).toMatchObject({ state: 'completed', attempts: 4, error: null });
  });

  it.each<[string, Answer]>([
    ['refuses it', { status: 400 }],
    ['sends it elsewhere', { status: 302 }],
    ['answers with no JSON', { status: 200, body: 'ok' }],
    ['answers with no list', { status: 200, body: { activities: 'none' } }],
    ['answers with a list of something else', { status: 200, body: { activities: ['hello'] } }],
  ])('that %s has given a bad reply, which is not tried again', async (_, answer) => {
    place.bot.script('message', [answer]);
    const job = await receiveOne();
    expect(await place.relay(job.id)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'bot_bad_reply' } });
    expect(await place.repliesTo(job.id)).toEqual([]);
  });

  it.each<[string, Answer]>([
    ['202', { status: 202, body: {} }],
    ['an empty object', { status: 200, body: {} }],
    ['an empty list', { status: 200, body: { activities: [] } }],
  ])('that replies later (%s) has taken the message', async (_, answer) => {
    place.bot.script('message', [answer]);
    expect(await place.relay((await receiveOne()).id)).toMatchObject({ state: 'completed', error: null });
  });
});

describe('a relay', () => {
  it('whose process dies before its record is made again, with the same id', async () => {
    const job = await receiveOne();
    const dying = place.createRelay({ stores: place.createDyingStores() });
    await expect(dying(job.id)).rejects.toThrow('the process was killed');
    expect((await place.find(job.id)).state).toBe('relaying');
    expect(await place.relay(job.id)).toMatchObject({ state: 'completed', attempts: 2 });
    expect(place.bot.messages().map(({ id }) => id)).toEqual([job.id, job.id]);
    expect((await place.attemptsOf(job.id)).map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
    expect(await place.repliesTo(job.id)).toHaveLength(2);
  });

  it('ends with its time-to-live, and is told as expired', async () => {
    place.bot.script('message', [{ status: 503, headers: { 'retry-after': '90000' } }]);
    const job = await receiveOne();
    expect(await place.relay(job.id)).toMatchObject({ state: 'expired', error: { code: 'expired' } });
    const text = 'select type from event where job_id = $1 order by sequence desc limit 1';
    expect(await place.rows(text, [job.id])).toEqual([{ type: 'inbound.expired' }]);
  });

  it('can be given up while it waits, and not once the bot has it', async () => {
    place.bot.script('message', [{ status: 503 }]);
    const job = await receiveOne();
    await place.attemptRelay(job.id);
    expect((await place.control.cancel(place.tenantId, job.id)).result).toBe('cancelled');
    expect(await place.relay(job.id)).toMatchObject({ state: 'cancelled', error: null });
    const relayed = await receiveOne();
    await place.relay(relayed.id);
    expect((await place.control.cancel(place.tenantId, relayed.id)).result).toBe('too_late');
  });
});
