import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OptOutCategory } from '../../src/domain/opt-out.ts';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { findInTables } from '../support/find-in-tables.ts';
import { openPeopleFixture } from '../support/people-fixture.ts';

// Went wrong: whoever had said STOP was written to all the same.
let place: Awaited<ReturnType<typeof openPeopleFixture>>;
let channelId: string;
beforeAll(async () => {
  place = await openPeopleFixture({ reply: () => [{ type: 'message', text: 'As you wish' }] });
});
afterAll(() => place.close());
beforeEach(async () => {
  channelId = await place.addBotChannel({ optOutWords: ['STOP'], optInWords: ['START'] });
});

const optOut = (id: string, category: OptOutCategory = 'all') =>
  place.withTenant((tx) => place.stores.optOuts.optOut(tx, { ...said(id), category, channelId: null, source: 'api' }));
const said = (id: string) => ({ tenantId: place.tenantId, id, now: place.clock() });
const listOf = (id: string) => place.withTenant((tx) => place.stores.optOuts.find(tx, place.tenantId, id));
const hear = (ids: { phones?: string[]; userId?: string }, text: string) =>
  place.hear(channelId, ids, { text: { body: text } });
const send = async (to: string, members: Parameters<typeof place.accept>[1] = {}) =>
  place.deliver((await place.accept(channelId, { to, ...members })).id);
const refused = { state: 'failed', attempts: 0, userInformed: false, error: { code: 'recipient_opted_out' } };
const eventsOf = (type: string, id: string) =>
  place.rows<{ data: object }>(
    `select data from event where type = $1 and (data -> 'recipient' ->> 'phone' = $2 or data -> 'recipient' ->> 'userId' = $2)`,
    [type, id],
  );

describe('a person who has opted out', () => {
  it('is not sent what the business begins: it fails before anything goes out, with a KPI event and without a notice', async () => {
    const { phone } = place.somebody();
    await optOut(phone);
    const job = await send(phone, { groupId: 'group-1' });
    expect(job).toMatchObject(refused);
    expect(job.error).toMatchObject({ source: 'api', class: 'permanent', recoverable: false });
    expect(place.sendsOf(job.id)).toEqual([]);
    expect(await place.attemptsOf(job.id)).toEqual([]);
    expect(await place.noticesOf(job.id)).toEqual([]);
    expect(await place.kpiOf(job.id)).toMatchObject([
      { event: 'refused', code: 'recipient_opted_out', recoverable: false },
    ]);
  });

  it('gets answers to what they have written, whoever sends them, and what authenticates them', async () => {
    const { phone } = place.somebody();
    const inbound = await hear({ phones: [phone] }, ' stop ');
    expect(await listOf(phone)).toMatchObject([{ category: 'all', source: 'word' }]);
    expect(await send(phone)).toMatchObject(refused);
    await place.relay(inbound.id);
    const [reply] = await place.repliesTo(inbound.id);
    expect(await place.deliver(reply?.id ?? '')).toMatchObject({ state: 'accepted' });
    expect(await send(phone, { groupId: inbound.id })).toMatchObject({ state: 'accepted' });
    const request = { activity: { type: 'message', text: '123456' }, category: 'authentication' as const };
    expect(await send(phone, { request })).toMatchObject({ state: 'accepted' });
    // What another person has written is no reason.
    const other = await hear({ phones: [place.somebody().phone] }, 'Hi');
    expect(await send(phone, { groupId: other.id })).toMatchObject(refused);
  });

  it('is the same person by every id, and on every channel', async () => {
    const { phone, userId, newPhone } = place.somebody();
    await optOut(phone);
    expect(await send(userId)).toMatchObject({ state: 'accepted' });
    await hear({ phones: [phone], userId }, 'Hi');
    expect(await send(userId)).toMatchObject(refused);
    await place.hear(channelId, { source: 'change', phones: [newPhone], userId, former: [phone] });
    expect(await send(newPhone)).toMatchObject(refused);
    const elsewhere = await place.addBotChannel();
    expect(await place.deliver((await place.accept(elsewhere, { to: userId })).id)).toMatchObject(refused);
  });

  it('is not whoever has their number later', async () => {
    const { phone, userId, newUserId } = place.somebody();
    await hear({ phones: [phone], userId }, 'STOP');
    place.skip(1_000);
    await hear({ phones: [phone], userId: newUserId }, 'Hi');
    expect(await send(phone)).toMatchObject({ state: 'accepted' });
    expect(await send(newUserId)).toMatchObject({ state: 'accepted' });
    expect(await send(userId)).toMatchObject(refused);
    await hear({ phones: [phone], userId: newUserId }, 'STOP');
    expect(await send(phone)).toMatchObject(refused);
  });

  it('is written to again after a word of theirs', async () => {
    const { phone } = place.somebody();
    await hear({ phones: [phone] }, 'STOP');
    await hear({ phones: [phone] }, 'stop');
    await hear({ phones: [phone] }, 'Start');
    expect(await send(phone)).toMatchObject({ state: 'accepted' });
    expect(await eventsOf('recipient.opted_out', phone)).toMatchObject([
      { data: { category: 'all', source: 'word', channelId } },
    ]);
    expect(await eventsOf('recipient.opted_in', phone)).toHaveLength(1);
  });

  it('of marketing gets everything else', async () => {
    const { phone } = place.somebody();
    await optOut(phone, 'marketing');
    const ofCategory = (category: 'marketing' | 'utility') => ({
      request: { activity: { type: 'message', text: 'Hi' }, category },
    });
    expect(await send(phone, ofCategory('marketing'))).toMatchObject(refused);
    expect(await send(phone, ofCategory('utility'))).toMatchObject({ state: 'accepted' });
    expect(await send(phone)).toMatchObject({ state: 'accepted' });
  });

  it('is believed where WhatsApp refuses marketing for it', async () => {
    const { phone } = place.somebody();
    place.kernel.script(phone, [{ answer: metaRefusal(400, 131_050) }]);
    expect(await send(phone)).toMatchObject({ state: 'failed', error: { code: 'whatsapp_131050' } });
    expect(await listOf(phone)).toMatchObject([{ category: 'marketing', source: 'whatsapp_131050' }]);
  });

  it('stays so after an erasure, by a hash of each id', async () => {
    const { phone, userId } = place.somebody();
    await hear({ phones: [phone], userId }, 'STOP');
    expect(await place.erase(phone)).toMatchObject({ isComplete: true, keptOptOuts: 1 });
    expect(await findInTables(place.database.url, place.tenantId, phone.slice(1))).toEqual([]);
    expect(await findInTables(place.database.url, place.tenantId, userId)).toEqual([]);
    expect(await send(phone)).toMatchObject(refused);
    expect(await send(userId)).toMatchObject(refused);
    expect(await send(place.somebody().phone)).toMatchObject({ state: 'accepted' });
    await hear({ userId }, 'START');
    expect(await send(userId)).toMatchObject({ state: 'accepted' });
    expect(await place.erase(phone)).toMatchObject({ keptOptOuts: 1 });
  });
});

it('costs a claim no statement, and is found by an index', async () => {
  const { phone } = place.somebody();
  const job = await place.accept(channelId, { to: phone });
  const before = place.transactionCount();
  await place.attempt(job.id);
  expect(place.transactionCount() - before).toBe(2);
});
