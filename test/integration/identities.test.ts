import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SaidIdentity } from '../../src/domain/identity/learn-identity.ts';
import type { Job } from '../../src/domain/job.ts';
import { createAcceptBotActivity } from '../../src/usecases/accept-bot-activity.ts';
import { aSaid } from '../support/a-said.ts';
import { findInTables } from '../support/find-in-tables.ts';
import { openPeopleFixture } from '../support/people-fixture.ts';

// Went wrong: a person with a username has no number in a callback, and was answered 200 and lost.
let place: Awaited<ReturnType<typeof openPeopleFixture>>;
let channelId: string;
beforeAll(async () => {
  place = await openPeopleFixture({ reply: () => [{ type: 'message', text: 'Yes' }] });
});
afterAll(() => place.close());
beforeEach(async () => {
  channelId = await place.addBotChannel();
  place.bot.clear();
});

const { somebody, idsOf, erase } = {
  somebody: () => place.somebody(),
  idsOf: (to: string) => place.idsOf(to),
  erase: (to: string) => place.erase(to),
};
const receive = (said: Partial<SaidIdentity>, { type }: { readonly type?: object } = {}) =>
  place.hear(channelId, said, type);
const sendOf = (jobId: string) => place.sendsOf(jobId)[0]?.payload ?? {};
const nameOf = ({ conversationId }: Job) => conversationId?.slice(channelId.length + 1);

describe('a person without a phone number', () => {
  it('is heard by the bot, and answered by the user id', async () => {
    const { userId } = somebody();
    const job = await receive({ userId, username: 'ana.test' });
    expect(job).toMatchObject({ to: userId, conversationId: `${channelId}.${userId}`, state: 'queued' });
    await place.relay(job.id);
    const identity = { phone: null, userId, parentUserId: null, username: 'ana.test' };
    expect(place.bot.messages()).toMatchObject([
      { text: 'Hola', from: { id: userId }, conversation: { id: job.conversationId }, channelData: { identity } },
    ]);
    const [reply] = await place.repliesTo(job.id);
    expect(await place.deliver(reply?.id ?? '')).toMatchObject({ state: 'accepted', to: userId });
    expect(sendOf(reply?.id ?? '')).toMatchObject({ recipient: userId, recipient_type: 'individual' });
    expect(sendOf(reply?.id ?? '')).not.toHaveProperty('to');
  });

  it('can be written to, and is shown on the job', async () => {
    const { userId, phone } = somebody();
    const unknown = await place.accept(channelId, { to: userId });
    expect(unknown.recipient).toBeNull();
    expect(await place.deliver(unknown.id)).toMatchObject({ state: 'accepted' });
    expect(sendOf(unknown.id)).toMatchObject({ recipient: userId });
    await receive({ phones: [phone], userId });
    const known = await place.accept(channelId, { to: userId });
    expect(known.recipient).toMatchObject({ phone, userId, name: phone.slice(1) });
    await place.deliver(known.id);
    expect(sendOf(known.id)).not.toHaveProperty('to');
  });

  it('is written to by the bot in the conversation that it knows', async () => {
    const { userId, phone } = somebody();
    await receive({ phones: [phone], userId });
    const acceptBotActivity = createAcceptBotActivity({ ...place.stores, clock: place.clock });
    const activity = { type: 'message', text: 'By the way' };
    for (const name of [userId, phone.slice(1)]) {
      const given = { channelId, conversationId: `${channelId}.${name}`, activityId: null, activity, requestId: 'req' };
      const job = await place.withTenant((tx) => acceptBotActivity(tx, given));
      expect(nameOf(job)).toBe(phone.slice(1));
    }
  });
});

describe('a send to a number', () => {
  it('costs no transaction more, and no statement, for who is who', async () => {
    const { phone } = somebody();
    const job = await place.accept(channelId, { to: phone });
    const before = place.transactionCount();
    await place.attempt(job.id);
    expect(place.transactionCount() - before).toBe(2);
    expect((await place.find(job.id)).recipient).toBeNull();
    expect(await place.rows('select 1 from identity where id = $1', [phone])).toEqual([]);
  });

  it('learns the other spelling of it, which is the same person', async () => {
    const [dialled, known] = ['+5582999448232', '+558299448232'];
    const contact = { input: dialled, wa_id: known.slice(1) };
    const answer = { status: 200, body: { contacts: [contact], messages: [{ id: 'wamid.brazil' }] } };
    place.kernel.script(dialled, [{ answer }]);
    const sent = await place.accept(channelId, { to: dialled });
    await place.deliver(sent.id);
    const heard = await receive({ phones: [known] });
    expect(nameOf(heard)).toBe(dialled.slice(1));
    expect(await idsOf(known)).toEqual([sent.id, heard.id].toSorted());
    await erase(dialled);
    expect(await findInTables(place.database.url, place.tenantId, known.slice(1))).toEqual([]);
  });
});

describe('two people who turn out to be one', () => {
  it('have the conversation of the first, and what waits in the other one follows in order', async () => {
    const { phone, userId } = somebody();
    const first = await receive({ userId });
    const second = await receive({ phones: [phone] });
    const third = await receive({ phones: [phone] });
    expect(third).toMatchObject({ state: 'held', conversationId: second.conversationId });
    const fourth = await receive({ phones: [phone], userId });
    expect(fourth).toMatchObject({ state: 'held', conversationId: first.conversationId });
    for (const { id } of [fourth, third, second, first, second, third, fourth]) await place.attemptRelay(id);
    expect(place.bot.messages().map(({ id }) => id)).toEqual([first.id, second.id, third.id, fourth.id]);
    expect(new Set(place.bot.messages().map(({ from }) => JSON.stringify(from))).size).toBe(1);
  });

  it('stay two where a number comes with another user id: its new owner has nothing of the former', async () => {
    const { phone, userId, newUserId } = somebody();
    const former = await receive({ phones: [phone], userId });
    const sent = await place.accept(channelId, { to: phone });
    place.skip(5);
    const heard = await receive({ phones: [phone], userId: newUserId });
    const later = await place.accept(channelId, { to: phone });
    expect([nameOf(former), nameOf(heard)]).toEqual([phone.slice(1), newUserId]);
    expect(await idsOf(userId)).toEqual([former.id, sent.id].toSorted());
    expect(await idsOf(phone)).toEqual([heard.id, later.id].toSorted());
    expect(await idsOf(newUserId)).toEqual([heard.id, later.id].toSorted());
    await erase(newUserId);
    expect(await idsOf(userId)).toEqual([former.id, sent.id].toSorted());
    // What the bot answers the former owner does not go to the new one.
    await place.relay(former.id);
    const [reply] = await place.repliesTo(former.id);
    expect(reply?.to).toBe(userId);
  });
});

describe('a change of number or user id', () => {
  const change = (type: string) => ({ type: { type: 'system', system: { type } } });

  it('is an event to the bot and to subscribers, and what is sent to the old number goes to the new one', async () => {
    const { phone, newPhone, userId, newUserId } = somebody();
    const first = await receive({ phones: [phone], userId });
    await place.relay(first.id);
    const said = { source: 'change', phones: [newPhone], userId: newUserId, former: [phone, userId] } as const;
    const changed = await receive(said, change('user_changed_number'));
    expect(changed.conversationId).toBe(first.conversationId);
    await place.relay(changed.id);
    expect(place.bot.messages()).toHaveLength(1);
    expect(place.bot.requests.list().at(-1)?.activity).toMatchObject({
      type: 'event',
      name: 'waypost.identity_changed',
      value: { change: 'user_changed_number' },
    });
    const events = await place.rows<{ data: object }>(
      "select data from event where job_id = $1 and type = 'recipient.identity_changed'",
      [changed.id],
    );
    expect(events).toMatchObject([
      { data: { previous: [phone, userId], recipient: { phone: newPhone, userId: newUserId } } },
    ]);
    const sent = await place.accept(channelId, { to: phone });
    expect(await place.deliver(sent.id)).toMatchObject({ to: phone, recipient: { phone: newPhone } });
    expect(sendOf(sent.id)).toMatchObject({ to: newPhone });
    const toUser = await place.accept(channelId, { to: userId });
    await place.deliver(toUser.id);
    expect(sendOf(toUser.id)).toMatchObject({ recipient: newUserId });
  });

  it('of a number makes it free for a new person', async () => {
    const { phone, newPhone, userId } = somebody();
    await receive({ phones: [phone] });
    await receive({ source: 'change', phones: [newPhone], former: [phone] }, change('user_changed_number'));
    const stranger = await receive({ phones: [phone], userId });
    expect(nameOf(stranger)).toBe(userId);
    expect(await idsOf(phone)).toEqual([stranger.id]);
  });
});

describe("a group's message", () => {
  it('has a conversation of its own, and replies go to the group, with nothing to tap on', async () => {
    const { phone } = somebody();
    const job = await receive({ phones: [phone] }, { type: { group_id: 'Y2FwaV9ncm91cDox' } });
    const conversationId = `${channelId}.group.Y2FwaV9ncm91cDox`;
    expect(job).toMatchObject({ to: phone, conversationId });
    await place.relay(job.id);
    expect(place.bot.messages()).toMatchObject([
      { from: { id: phone.slice(1) }, conversation: { id: conversationId, isGroup: true } },
    ]);
    const [reply] = await place.repliesTo(job.id);
    await place.deliver(reply?.id ?? '');
    expect(sendOf(reply?.id ?? '')).toMatchObject({ recipient_type: 'group', to: 'Y2FwaV9ncm91cDox' });
    const acceptBotActivity = createAcceptBotActivity({ ...place.stores, clock: place.clock });
    const suggestedActions = { actions: [{ type: 'imBack', title: 'Yes', value: 'yes' }] };
    const activity = { type: 'message', text: 'Agreed?', suggestedActions };
    const later = await place.withTenant((tx) =>
      acceptBotActivity(tx, { channelId, conversationId, activityId: null, activity, requestId: 'req' }),
    );
    await place.deliver(later.id);
    expect(sendOf(later.id)).toMatchObject({ recipient_type: 'group', type: 'text' });
  });
});

describe('a status', () => {
  it.each(['', 'someone-elses', 'msg_00000000000000000000000000'])(
    'that echoes %j is matched by its wamid',
    async (echoed) => {
      const { id } = await place.accept(channelId);
      await place.deliver(id);
      const wamid = place.sendsOf(id)[0]?.wamid ?? '';
      expect(await place.tell(channelId, { wamid, status: 'delivered', jobId: echoed })).toMatchObject({ applied: 1 });
      expect(await place.find(id)).toMatchObject({ state: 'delivered' });
    },
  );

  it('that names number and user id links them', async () => {
    const { phone, userId } = somebody();
    const { id } = await place.accept(channelId, { to: phone });
    await place.deliver(id);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    const said = aSaid({ source: 'echo', phones: [phone], userId, at: place.clock() });
    await place.tell(channelId, { wamid, status: 'delivered', said });
    const heard = await receive({ userId });
    expect(nameOf(heard)).toBe(phone.slice(1));
  });
});
