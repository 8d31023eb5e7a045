import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SaidIdentity } from '../../src/domain/identity/learn-identity.ts';
import { findInTables } from '../support/find-in-tables.ts';
import { openPeopleFixture } from '../support/people-fixture.ts';

let place: Awaited<ReturnType<typeof openPeopleFixture>>;
let channelId: string;
beforeAll(async () => {
  place = await openPeopleFixture();
  channelId = await place.addBotChannel();
});
afterAll(() => place.close());

const hear = (said: Partial<SaidIdentity>) => place.hear(channelId, said);
const nameOf = ({ conversationId }: { readonly conversationId: string | null }) => conversationId;

describe('what is learnt at the same time', () => {
  it('makes one person of each, and nobody waits for nothing', async () => {
    const people = Array.from({ length: 12 }, () => place.somebody());
    const ids = await Promise.all(
      people.flatMap(({ phone, userId }) => [
        hear({ phones: [phone] }),
        hear({ userId }),
        hear({ phones: [phone], userId }),
        hear({ userId, username: userId.toLowerCase() }),
      ]),
    );
    expect(ids).toHaveLength(48);
    for (const { phone, userId } of people) {
      expect(nameOf(await hear({ phones: [phone] }))).toBe(nameOf(await hear({ userId })));
      expect(await place.idsOf(phone)).toHaveLength(6);
    }
  });
});

describe('whatever the order in which ids are learnt', () => {
  it('a person has one conversation, and an erasure by any id leaves nothing', async () => {
    const steps = ['phone', 'user', 'both', 'change', 'new', 'send', 'sendNew'] as const;
    const orders = fc.tuple(
      fc.shuffledSubarray([...steps], { minLength: steps.length }),
      fc.constantFrom('phone', 'newPhone', 'userId', 'newUserId'),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ([order, erasedBy]) => {
        const who = place.somebody();
        const { phone, newPhone, userId, newUserId } = who;
        const change = { source: 'change', phones: [newPhone], userId: newUserId, former: [phone, userId] } as const;
        const doStep = {
          phone: () => hear({ phones: [phone] }),
          user: () => hear({ userId }),
          both: () => hear({ phones: [phone], userId }),
          change: () => hear(change),
          new: () => hear({ phones: [newPhone], userId: newUserId }),
          send: () => place.accept(channelId, { to: phone, conversationId: `${channelId}.${userId}` }),
          sendNew: () => place.accept(channelId, { to: newUserId }),
        };
        const jobs: string[] = [];
        for (const step of order) jobs.push((await doStep[step]()).id);
        for (const id of Object.values(who)) expect(await place.idsOf(id)).toEqual(jobs.toSorted());
        const names = await Promise.all(Object.values(who).map(async (id) => nameOf(await hear(toSaid(id)))));
        expect(new Set(names).size).toBe(1);
        expect(await place.erase(who[erasedBy])).toMatchObject({ isComplete: true });
        for (const id of [phone.slice(1), newPhone.slice(1), userId, newUserId]) {
          expect(await findInTables(place.database.url, place.tenantId, id)).toEqual([]);
        }
      }),
      { numRuns: 6 },
    );
  });
});

function toSaid(id: string): Partial<SaidIdentity> {
  return id.startsWith('+') ? { phones: [id] } : { userId: id };
}
