import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { WindowSettings } from '../../src/domain/message/conversation-window.ts';
import { aCaller } from '../support/a-caller.ts';
import { openPeopleFixture } from '../support/people-fixture.ts';

// Went wrong: what WhatsApp refuses with 131047 was sent all the same, and was lost.
let place: Awaited<ReturnType<typeof openPeopleFixture>>;
beforeAll(async () => {
  place = await openPeopleFixture();
});
afterAll(() => place.close());

const dayMs = 24 * 3_600_000;
const template = { name: 'come_back', language: { code: 'es' } };
let channelId: string;
let phone: string;
const open = async (window: WindowSettings) => {
  channelId = await place.addBotChannel({ window });
};
beforeEach(async () => {
  ({ phone } = place.somebody());
  await open({ outside: 'hold' });
});

const hear = (text = 'Hola') => place.hear(channelId, { phones: [phone] }, { text: { body: text } });
const accept = (text: string, members: Parameters<typeof place.accept>[1] = {}) =>
  place.accept(channelId, {
    to: phone,
    conversationId: `conv-${phone}`,
    request: { activity: { type: 'message', text } },
    expiresAt: new Date(place.nowMs() + 30 * dayMs),
    ...members,
  });
const aTemplate = { request: { whatsapp: { type: 'template', template: { ...template, name: 'offer' } } } };
/** What the stand-in got for the person, in its order. */
const sent = (number = phone) =>
  place.kernel.sends
    .list()
    .filter(({ to, outcome }) => to === number.slice(1) && outcome === 'accepted')
    .map(({ payload }) => {
      const { text, template: named } = payload as { text?: { body: string }; template?: { name: string } };
      return text?.body ?? named?.name;
    });
/** Attempts what is due, as the dispatcher does, until nothing is. */
async function work(): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const due = await place.rows<{ id: string }>(
      `select id from job where channel_id = $1 and kind = 'message' and state in ('queued', 'held') and wake_at < expires_at
        order by acceptance`,
      [channelId],
    );
    if (due.length === 0) return;
    for (const { id } of due) await place.attempt(id);
    place.skip(1);
  }
  throw new Error('it never comes to rest');
}
const stateOf = async ({ id }: { id: string }) => {
  const { state, waitingFor, error } = await place.find(id);
  return [state, waitingFor?.reason ?? null, error?.code ?? null];
};

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
    const { createChannelConfigurer } = await import('../../src/usecases/configure-channel.ts');
    const urlGuard = { checkUrl: () => ({ ok: true }) } as never; // cast: no URL is changed
    const configurer = createChannelConfigurer({
      ...place.stores,
      urlGuard,
      clock: place.clock,
      randomBytes: () => Buffer.alloc(1),
    });
    await place.withTenant((tx) =>
      configurer.change(tx, aCaller(place.tenantId), channelId, { window: { outside: 'fail' } }),
    );
    await work();
    expect(await stateOf(job)).toEqual(['failed', null, 'window_closed']);
  });
});

describe('outside the window, under `template`', () => {
  beforeEach(async () => {
    await open({ outside: 'template', template });
    await hear();
    place.skip(dayMs);
  });

  it('the template goes out once until the person has written again', async () => {
    const first = await accept('1');
    await accept('2');
    await work();
    expect(sent()).toEqual(['come_back']);
    expect(
      await place.rows("select caused_by from job where origin = 'window_template' and recipient = $1", [phone]),
    ).toEqual([{ caused_by: first.id }]);
    await hear();
    await work();
    expect(sent()).toEqual(['come_back', '1', '2']);
    place.skip(dayMs);
    await accept('3');
    await work();
    expect(sent()).toEqual(['come_back', '1', '2', 'come_back']);
  });

  it('what waits for a template that fails, fails with its problem', async () => {
    place.kernel.script(phone, [{ answer: metaRefusal(400, 132_001) }]);
    const first = await accept('1', { groupId: `group-${phone}` });
    const second = await accept('2', { groupId: `group-${phone}` });
    const third = await accept('3');
    for (const { id } of [first, second, third]) await place.attempt(id);
    await work();
    expect(await stateOf(first)).toEqual(['failed', null, 'whatsapp_132001']);
    expect(await stateOf(second)).toEqual(['cancelled', null, 'group_cancelled']);
    expect(await stateOf(third)).toEqual(['failed', null, 'whatsapp_132001']);
    const [problem] = await place.rows<{ error: object }>(
      "select error from job where origin = 'window_template' and recipient = $1",
      [phone],
    );
    expect((await place.find(first.id)).error).toEqual(problem?.error);
    expect(await place.kpiOf(first.id)).toMatchObject([{ event: 'refused', code: 'whatsapp_132001' }]);
    // Nobody was asked to write, so the next one asks.
    await accept('4');
    await work();
    expect(sent()).toEqual(['come_back']);
  });
});

describe('outside the window, under `fail`', () => {
  it('a message ends before anything is sent, and one that Kernel refuses ends with that', async () => {
    await open({ outside: 'fail' });
    place.kernel.script(phone, [{ answer: metaRefusal(400, 131_047) }]);
    const unknown = await accept('1');
    await work();
    expect(await stateOf(unknown)).toEqual(['failed', null, 'whatsapp_131047']);
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
