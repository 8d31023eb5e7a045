import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKernelAccess } from '../../src/upstreams/kernel/kernel-access.ts';
import { createKernelClient } from '../../src/upstreams/kernel/kernel-client.ts';
import { conversationIdOf } from '../../src/domain/bot-address.ts';
import type { WhatsappSettings } from '../../src/domain/channel.ts';
import { findProblem } from '../../src/store/problems.ts';
import { type CallMarkRead, createMarkRead, createShowTyping } from '../../src/usecases/mark-read.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';

type Place = Awaited<ReturnType<typeof openInboundFixture>>;
let place: Place;
let replies: Record<string, unknown>[] = [];
beforeAll(async () => {
  place = await openInboundFixture({ reply: () => replies });
});
beforeEach(() => {
  place.kernel.clear();
  replies = [];
});
afterAll(() => place.close());

function open() {
  const { http, clock, stores, tenantId } = place;
  const access = createKernelAccess({ http, nowMs: place.nowMs });
  const kernel = createKernelClient({ http, access });
  const callMarkRead: CallMarkRead = (mark) => kernel.markRead(mark);
  const dependencies = { ...stores, callMarkRead, clock };
  const showTyping = createShowTyping(dependencies);
  return {
    markRead: createMarkRead(dependencies),
    type: (channelId: string) => showTyping(tenantId, channelId, conversationIdOf(channelId, '+34600000801')),
  };
}

async function hear(channelId: string, wamid: string): Promise<string> {
  await place.receive(channelId, place.aText('Hola', { providerMessageId: wamid }));
  return (await place.inboundOf(channelId)).at(-1)?.id ?? '';
}

const marks = () => place.kernel.marks.map(({ messageId, typing }) => [messageId, typing]);
const marked = (count: number) => expect.poll(() => marks().length).toBe(count);
let names = 0;
const aWamid = () => `wamid.read${(names += 1)}`;

describe('a bot that writes', () => {
  it('has the last message of its person marked as read and typing shown, once in 25 s, anew with each message and answer', async () => {
    const { type } = open();
    const channelId = await place.addBotChannel();
    const [first, second] = [aWamid(), aWamid()];
    await type(channelId); // nobody has written yet
    await hear(channelId, first);
    await Promise.all([type(channelId), type(channelId), type(channelId)]);
    await marked(1);
    place.skip(1_000);
    await hear(channelId, second);
    await type(channelId);
    await marked(2);
    place.skip(24_000);
    await type(channelId);
    place.skip(1_500);
    await type(channelId);
    await marked(3);
    await place.accept(channelId, { to: '+34600000801', conversationId: conversationIdOf(channelId, '+34600000801') });
    place.skip(10);
    await type(channelId);
    await marked(4);
    expect(marks()).toEqual([first, second, second, second].map((wamid) => [wamid, true]));
  });

  it.each<[string, Partial<WhatsappSettings>]>([
    ['the channel says never', { markRead: 'never' }],
    ['Kernel does not know the message', {}],
  ])('is none the worse where %s', async (_what, settings) => {
    const channelId = await place.addBotChannel(settings);
    await hear(channelId, settings.markRead === 'never' ? aWamid() : 'another id');
    await open().type(channelId);
    expect(marks()).toEqual([]);
  });
});

describe('a message that the bot has taken', () => {
  it.each([
    ['on_relay', [], [false]],
    ['on_relay', [{ type: 'typing' }], [true]],
    ['on_typing', [{ type: 'typing' }, { type: 'message', text: 'Hi' }], [true]],
    ['on_typing', [{ type: 'message', text: 'Hi' }], []],
    ['never', [{ type: 'typing' }], []],
  ] as const)('under %s, answered with %j, is marked as read, with typing: %j', async (markRead, said, expected) => {
    replies = [...said];
    const channelId = await place.addBotChannel({ markRead });
    const wamid = aWamid();
    expect(await place.relay(await hear(channelId, wamid))).toMatchObject({ state: 'completed' });
    await marked(expected.length);
    expect(marks()).toEqual(expected.map((typing) => [wamid, typing]));
  });

  it('is not where the bot could not be reached', async () => {
    const channelId = await place.addBotChannel({ markRead: 'on_relay', botUrl: 'http://127.0.0.1:9/', numRetries: 0 });
    await place.attemptRelay(await hear(channelId, aWamid()));
    expect(marks()).toEqual([]);
  });
});

describe('a read mark by hand', () => {
  const by = () => ({ tenantId: place.tenantId, requestId: 'req_1' });

  it('is one call, and what Kernel refuses is told with its problem', async () => {
    const { markRead } = open();
    const channelId = await place.addChannel({ markRead: 'never' });
    const wamid = aWamid();
    expect(await markRead(by(), channelId, { messageId: wamid, typing: false })).toEqual({
      result: 'read',
      problem: null,
    });
    expect(marks()).toEqual([[wamid, false]]);
    const refused = await markRead(by(), channelId, { messageId: 'no message', typing: true });
    expect(refused).toMatchObject({
      result: 'refused',
      problem: { code: 'whatsapp_131009', source: 'kernel', jobId: null },
    });
    const id = refused.problem?.instance.split('/').at(-1) ?? '';
    expect(await place.withTenant((tx) => findProblem(tx, id))).toEqual(refused.problem);
    await expect(markRead(by(), 'chn_none', { messageId: wamid, typing: false })).rejects.toThrow(
      'no WhatsApp channel',
    );
  });
});
