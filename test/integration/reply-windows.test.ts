import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { WindowSettings } from '../../src/domain/message/conversation-window.ts';
import { changeChannel, createIdleSweep } from '../support/idle-starter.ts';
import { createKeepFromSending } from '../../src/activities/delivery/keep-from-sending.ts';
import { lockJob } from '../../src/store/jobs.ts';
import { findReplyWindow, windowKeyOf } from '../../src/store/reply-windows.ts';
import { dayMs, openWindowFixture } from '../support/window-fixture.ts';

// Went wrong: what WhatsApp refuses with 131047 was sent all the same, and was lost.
let place: Awaited<ReturnType<typeof openWindowFixture>>;
beforeAll(async () => {
  place = await openWindowFixture();
});
afterAll(() => place.close());

let channelId: string;
let phone: string;
const open = async (window: WindowSettings) => {
  await place.open(window);
  ({ channelId, phone } = place.now());
};
const hear = () => place.hearThem();
const accept: typeof place.write = (text, members) => place.write(text, members);
const sent = (number?: string) => place.sentTo(number);
const work = () => place.work();
const stateOf = (job: { readonly id: string }) => place.stateOf(job);
const aTemplate = {
  request: { whatsapp: { type: 'template', template: { name: 'offer', language: { code: 'es' } } } },
};
beforeEach(() => open({ outside: 'hold' }));

describe('outside the window, under `hold`', () => {
  it('messages wait for the next word and go in order, before later ones; templates overtake them', async () => {
    await hear();
    place.skip(dayMs);
    const first = await accept('1');
    // What no one orders waits, too.
    const second = await accept('2', { conversationId: null });
    await accept('', aTemplate);
    await work();
    expect(await stateOf(first)).toEqual(['held', 'window', null]);
    expect(await stateOf(second)).toEqual(['held', 'window', null]);
    expect(sent()).toEqual(['offer']);
    await hear();
    await accept('3');
    await work();
    expect(sent()).toEqual(['offer', '1', '2', '3']);
    expect(await place.timelineOf(first.id)).toEqual([
      'message.queued',
      'message.held',
      'message.released',
      'message.accepted',
    ]);
  });

  it('131047 costs no retry: it waits, and so does what follows, without a call', async () => {
    place.kernel.script(phone, [{ answer: metaRefusal(400, 131_047) }]);
    const first = await accept('1');
    const second = await accept('2');
    await work();
    expect(await stateOf(first)).toEqual(['held', 'window', 'whatsapp_131047']);
    expect(await place.find(first.id)).toMatchObject({ retriesUsed: 0, attempts: 1 });
    expect(await place.kpiOf(first.id)).toMatchObject([{ event: 'kernel_error', recoverable: true, willRetry: true }]);
    expect(await place.find(second.id)).toMatchObject({ attempts: 0, waitingFor: { reason: 'window' } });
    place.skip(1_000);
    await hear();
    await work();
    expect(sent()).toEqual(['1', '2']);
    expect(await place.find(first.id)).toMatchObject({ state: 'accepted', error: null });
  });

  it('a 131047 that is older than the last word is only tried again', async () => {
    const job = await accept('1');
    place.kernel.script(phone, [{ callbacks: [], wentOut: false }]);
    await work();
    const { providerMessageIds } = await place.find(job.id);
    place.skip(1_000);
    await hear();
    const errors = [{ code: 131_047, title: 'Re-engagement message' }];
    await place.tell(channelId, { wamid: providerMessageIds[0] ?? '', status: 'failed', errors });
    expect(await place.find(job.id)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' }, retriesUsed: 0 });
  });

  it('another person, and another channel, wait for nothing', async () => {
    await hear();
    place.skip(dayMs);
    await accept('1');
    await work();
    const other = await place.accept(channelId, { to: place.somebody().phone });
    expect(await place.deliver(other.id)).toMatchObject({ state: 'accepted' });
    const elsewhere = await place.addBotChannel({ window: { outside: 'hold' } });
    const there = await place.accept(elsewhere, { to: phone });
    expect(await place.deliver(there.id)).toMatchObject({ state: 'accepted' });
  });

  it('the same person by another id opens it, and an edit or a change of number does not', async () => {
    const { userId } = place.somebody();
    await place.hear(channelId, { phones: [phone], userId });
    place.skip(dayMs);
    const job = await accept('1');
    await work();
    await place.hear(channelId, { userId }, { type: 'edit', edit: { original_message_id: 'wamid.1', message: {} } });
    expect(await stateOf(job)).toEqual(['held', 'window', null]);
    await place.hear(channelId, { userId });
    await work();
    expect(sent()).toEqual(['1']);
  });

  it('and is judged anew where the channel has another rule', async () => {
    await hear();
    place.skip(dayMs);
    const job = await accept('1');
    await work();
    await changeChannel(place, channelId, { window: { outside: 'fail' } });
    await work();
    expect(await stateOf(job)).toEqual(['failed', null, 'window_closed']);
  });

  // Went wrong: a claim that had read the channel before the change held its message by the rule that was gone, for good.
  it('is not held by a rule that has changed since the channel was read', async () => {
    await hear();
    place.skip(dayMs);
    const job = await accept('1');
    const keep = createKeepFromSending(place.stores);
    await place.withTenant(async (tx) => {
      const channel = await place.stores.channels.findWhatsapp(tx, channelId);
      const locked = await lockJob(tx, job.id);
      if (channel === null || locked === null) throw new Error('nothing to judge');
      await changeChannel(place, channelId, { window: { outside: 'fail' } });
      const window = await findReplyWindow(tx, windowKeyOf(locked));
      const judged = { job: locked, channel, window, optedOut: [], isShared: false, now: place.clock() };
      await keep(tx, judged, [{ type: 'text' }]);
    });
    expect((await place.find(job.id)).waitingFor?.reason).toBe('turn');
    await work();
    expect(await stateOf(job)).toEqual(['failed', null, 'window_closed']);
  });

  it('and a word lets go what waits, whatever the rule is by then', async () => {
    await hear();
    place.skip(dayMs);
    const job = await accept('1');
    await work();
    await place.rows(
      `update channel set settings = jsonb_set(settings::jsonb, '{window}', '{"outside":"send"}') where id = $1`,
      [channelId],
    );
    await hear();
    await work();
    expect(await place.find(job.id)).toMatchObject({ state: 'accepted' });
  });

  // Went wrong: a person's word waited for the rows of all that was held, in the transaction of its callback.
  it('a word does not wait for a message that somebody has at this moment; what is behind it keeps its order', async () => {
    await hear();
    place.skip(dayMs);
    const [first] = [await accept('1'), await accept('2')];
    await work();
    await place.withTenant(async (tx) => {
      await lockJob(tx, first.id);
      await hear();
    });
    await work();
    expect(sent()).toEqual([]);
    await createIdleSweep(place).releaseHeldMessages();
    await work();
    expect(sent()).toEqual(['1', '2']);
  });
});

describe('outside the window, under `fail`', () => {
  it('a message ends before anything is sent, and one that Kernel refuses ends with that', async () => {
    await open({ outside: 'fail' });
    place.kernel.script(phone, [{ answer: metaRefusal(400, 131_047) }]);
    const unknown = await accept('1');
    await work();
    expect(await stateOf(unknown)).toEqual(['failed', null, 'whatsapp_131047']);
    // Went wrong: what Kernel had said was forgotten, and each next message was sent to be refused.
    const next = await accept('1b');
    await work();
    expect(await stateOf(next)).toEqual(['failed', null, 'window_closed']);
    place.skip(1_000);
    await hear();
    place.skip(dayMs);
    const job = await accept('2');
    await work();
    expect(await stateOf(job)).toEqual(['failed', null, 'window_closed']);
    expect(await place.attemptsOf(job.id)).toEqual([]);
    expect(await place.kpiOf(job.id)).toMatchObject([{ event: 'refused', code: 'window_closed', source: 'api' }]);
  });

  it('a failure is not told to the person', async () => {
    await open({ outside: 'send' });
    await hear();
    place.skip(dayMs);
    const job = await place.deliver((await accept('', { request: { whatsapp: {} } })).id);
    expect(job).toMatchObject({ state: 'failed', userInformed: false });
    expect(await place.noticesOf(job.id)).toEqual([]);
  });
});

it('many conversations whose people write while they are worked on keep their order, and lose nothing', async () => {
  const people = Array.from({ length: 12 }, () => place.somebody().phone);
  for (const each of people) await place.hear(channelId, { phones: [each] });
  place.skip(dayMs);
  for (const text of ['1', '2', '3']) for (const to of people) await accept(text, { to, conversationId: `conv-${to}` });
  // Words come in while the messages are claimed: some before, some after.
  await Promise.all([work(), ...people.map((each) => place.hear(channelId, { phones: [each] }))]);
  for (let rounds = 0; rounds < 5; rounds += 1) {
    place.skip(2_000);
    await work();
  }
  for (const each of people) expect(sent(each)).toEqual(['1', '2', '3']);
});
