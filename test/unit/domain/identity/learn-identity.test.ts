import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type IdentityFact,
  listSaidIds,
  planIdentity,
  saidByAnswer,
  type SaidIdentity,
} from '../../../../src/domain/identity/learn-identity.ts';
import { aSaid } from '../../../support/a-said.ts';

/** Carries plans out as the store does, in memory. */
function aMemory() {
  let facts: IdentityFact[] = [];
  let count = 0;
  return {
    learn(said: SaidIdentity): void {
      const ids = listSaidIds(said);
      const owners = new Set(
        facts.filter((fact) => !fact.isClosed && ids.includes(fact.id)).map((fact) => fact.personId),
      );
      const plan = planIdentity(
        facts.filter(({ personId }) => owners.has(personId)),
        said,
      );
      const personId = plan.keep ?? `psn_${count}`;
      facts = facts.map((fact) => ({
        ...fact,
        personId: plan.merge.includes(fact.personId) ? personId : fact.personId,
        isClosed: fact.isClosed || plan.close.includes(fact.position),
        isFormer: plan.retire.includes(fact.position) || (fact.isFormer && !plan.revive.includes(fact.position)),
        seenAt: plan.touch.includes(fact.position) && said.at > fact.seenAt ? said.at : fact.seenAt,
      }));
      for (const { id, kind, isFormer } of plan.add) {
        count += 1;
        facts.push({ position: String(count), personId, id, kind, isFormer, isClosed: false, seenAt: said.at });
      }
    },
    personOf: (id: string) => facts.find((fact) => fact.id === id && !fact.isClosed)?.personId ?? null,
    /** What the person's conversation is called. */
    nameOf(id: string): string | null {
      const person = this.personOf(id);
      return facts.find(({ personId, kind }) => personId === person && kind !== 'username')?.id ?? null;
    },
    isFormer: (id: string) => facts.some((fact) => fact.id === id && !fact.isClosed && fact.isFormer),
    /** Ids that two people have at once. */
    doubles: () =>
      facts.filter(({ id, isClosed, position }) =>
        facts.some((other) => other.id === id && !other.isClosed && !isClosed && other.position !== position),
      ),
  };
}

const [a, b] = ['+34600111222', '+34600333444'];
const at = (day: number) => new Date(Date.UTC(2026, 2, day));
const changedNumber = (members: Partial<SaidIdentity> = {}) =>
  aSaid({ source: 'change', phones: [b], former: [a], ...members });

describe('what WhatsApp says of a person', () => {
  it('names a new person by the number where it brings both', () => {
    const memory = aMemory();
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', parentUserId: 'ES.ENT.9', username: 'ana' }));
    expect([a, 'ES.1', 'ES.ENT.9', '@ana'].map((id) => memory.nameOf(id))).toEqual([a, a, a, a]);
  });

  it('makes one of two people who turn out to be one, named by the one who was seen first', () => {
    const memory = aMemory();
    memory.learn(aSaid({ userId: 'ES.1' }));
    memory.learn(aSaid({ phones: [a] }));
    expect(memory.personOf(a)).not.toBe(memory.personOf('ES.1'));
    memory.learn(aSaid({ phones: [a], userId: 'ES.1' }));
    expect([a, 'ES.1'].map((id) => memory.nameOf(id))).toEqual(['ES.1', 'ES.1']);
  });

  it('gives a number that comes with another user id to another person, who is named by it', () => {
    const memory = aMemory();
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(1) }));
    memory.learn(aSaid({ phones: [a], userId: 'ES.2', at: at(2) }));
    expect(memory.personOf('ES.1')).not.toBe(memory.personOf('ES.2'));
    expect(memory.personOf(a)).toBe(memory.personOf('ES.2'));
    expect([memory.nameOf('ES.1'), memory.nameOf(a)]).toEqual([a, 'ES.2']);
    // What was said before, and comes again, gives nothing back; nor does a status.
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(1) }));
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(3), source: 'echo' }));
    expect(memory.nameOf(a)).toBe('ES.2');
  });

  it('knows that two user ids with the same parent are one person', () => {
    const memory = aMemory();
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', parentUserId: 'ES.ENT.9' }));
    memory.learn(aSaid({ phones: [a], userId: 'ES.2', parentUserId: 'ES.ENT.9' }));
    expect(memory.personOf('ES.1')).toBe(memory.personOf('ES.2'));
  });

  it('follows a change of number, until somebody new has the old one', () => {
    const memory = aMemory();
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(1) }));
    memory.learn(changedNumber({ userId: 'ES.2', at: at(2) }));
    expect([a, b, 'ES.1', 'ES.2'].map((id) => memory.nameOf(id))).toEqual([a, a, a, a]);
    expect([memory.isFormer(a), memory.isFormer(b)]).toEqual([true, false]);
    memory.learn(aSaid({ phones: [a], userId: 'ES.3', at: at(3) }));
    expect(memory.nameOf(a)).toBe('ES.3');
    expect([b, 'ES.1', 'ES.2'].map((id) => memory.nameOf(id))).toEqual([a, a, a]);
  });

  it('takes a number back that its owner had given up', () => {
    const memory = aMemory();
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(1) }));
    memory.learn(changedNumber({ userId: 'ES.1', at: at(2) }));
    memory.learn(aSaid({ phones: [a], userId: 'ES.1', at: at(3) }));
    expect(memory.isFormer(a)).toBe(false);
    memory.learn(changedNumber({ userId: 'ES.1', at: at(2) }));
    expect(memory.isFormer(a)).toBe(false);
  });

  it('lets a username go from one person to another', () => {
    const memory = aMemory();
    memory.learn(aSaid({ userId: 'ES.1', username: 'ana' }));
    memory.learn(aSaid({ userId: 'ES.2', username: 'ana' }));
    expect(memory.personOf('@ana')).toBe(memory.personOf('ES.2'));
    memory.learn(aSaid({ userId: 'ES.2', username: 'ben' }));
    expect([memory.personOf('@ana'), memory.personOf('@ben')]).toEqual([null, memory.personOf('ES.2')]);
  });

  it('leads to one person, whatever comes first', () => {
    // One person with two spellings of a number, a new number and a new user id: every pair that may be learnt of them.
    const sayings: readonly SaidIdentity[] = [
      aSaid({ phones: [a], at: at(1) }),
      aSaid({ userId: 'ES.1', at: at(2) }),
      aSaid({ phones: [a], userId: 'ES.1', username: 'ana', at: at(3) }),
      aSaid({ phones: [a, '+346001112220'], source: 'echo', at: at(4) }),
      changedNumber({ userId: 'ES.2', former: [a, 'ES.1'], at: at(5) }),
      aSaid({ phones: [b], userId: 'ES.2', at: at(6) }),
      aSaid({ source: 'change', userId: 'ES.3', former: ['ES.2'], at: at(7) }),
      aSaid({ userId: 'ES.3', at: at(8) }),
    ];
    const ids = [a, b, '+346001112220', 'ES.1', 'ES.2', 'ES.3'];
    const orders = fc.tuple(
      fc.shuffledSubarray([...sayings], { minLength: sayings.length }),
      fc.array(fc.constantFrom(...sayings), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(orders, ([order, again]) => {
        const memory = aMemory();
        const [first] = order;
        for (const said of [...order, ...again]) memory.learn(said);
        expect(new Set(ids.map((id) => memory.personOf(id))).size).toBe(1);
        expect(memory.doubles()).toEqual([]);
        expect(first === undefined ? [] : listSaidIds(first)).toContain(memory.nameOf(a));
      }),
    );
  });
});

describe('the answer to a send', () => {
  it('tells the other spelling of the number, and nothing of somebody who was not addressed', () => {
    const [dialled, known] = ['+5582999448232', '+558299448232'];
    expect(saidByAnswer(dialled, [dialled, known], at(1))).toMatchObject({ source: 'echo', phones: [dialled, known] });
    expect(saidByAnswer(dialled, [dialled], at(1))).toBeNull();
    expect(saidByAnswer(a, [dialled, known], at(1))).toBeNull();
  });
});
