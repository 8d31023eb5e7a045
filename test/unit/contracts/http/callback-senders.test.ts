import { describe, expect, it } from 'vitest';
import { readCallback } from '../../../../src/contracts/http/callback-items.ts';

const now = new Date('2026-11-30T12:00:00Z');
const userId = 'ES.13491208655302741918';
const read = (value: object) => readCallback({ entry: [{ changes: [{ field: 'messages', value }] }] }, now);
const text = { id: 'wamid.1', timestamp: '1796000000', type: 'text', text: { body: 'Hola' } };

function senderOf(message: object, ...contacts: object[]) {
  const { messages } = read({ contacts, messages: [{ ...text, ...message }] });
  const [only] = messages;
  if (only === undefined) return null;
  const { phones, userId: user, parentUserId, username, former } = only.said;
  return { from: only.from, phones, userId: user, parentUserId, username, former, name: only.profileName };
}

const nobody = { phones: [], userId: null, parentUserId: null, username: null, former: [], name: null };

describe('the sender of a message', () => {
  const ana = { profile: { name: 'Ana', username: 'ana.test' }, user_id: userId };
  it.each<[string, object, object[], object]>([
    ['a user id', { from_user_id: userId }, [ana], { from: userId, userId, username: 'ana.test', name: 'Ana' }],
    ['an empty number', { from: '', from_user_id: userId }, [], { from: userId, userId }],
    ['a number that is null', { from: null, from_user_id: userId }, [], { from: userId, userId }],
    ['a user id for a number', { from: userId }, [], { from: userId, userId }],
    ['its contact alone', {}, [ana], { from: userId, userId, username: 'ana.test', name: 'Ana' }],
    [
      'both, of which the number is the first',
      { from: '34600111222', from_user_id: userId, from_parent_user_id: 'ES.ENT.7' },
      [{ ...ana, wa_id: '34600111222' }],
      {
        from: '+34600111222',
        phones: ['+34600111222'],
        userId,
        parentUserId: 'ES.ENT.7',
        username: 'ana.test',
        name: 'Ana',
      },
    ],
    [
      'a number, and a contact that has only the user id',
      { from: '34600111222' },
      [ana],
      { from: '+34600111222', phones: ['+34600111222'], userId, username: 'ana.test', name: 'Ana' },
    ],
    [
      'a number, beside a contact of somebody else',
      { from: '34600111222' },
      [{ ...ana, wa_id: '34600999999' }],
      { from: '+34600111222', phones: ['+34600111222'] },
    ],
    [
      'the number before a change',
      {
        from: '34600111222',
        type: 'system',
        system: { type: 'user_changed_number', wa_id: '34600333444', user_id: 'ES.2', previous_user_id: 'ES.1' },
      },
      [],
      { from: '+34600111222', phones: ['+34600333444'], userId: 'ES.2', former: ['+34600111222', 'ES.1'] },
    ],
    [
      'the number before a change, in the older form',
      { from: '34600111222', type: 'system', system: { type: 'user_changed_number', new_wa_id: 34_600_333_444 } },
      [],
      { from: '+34600111222', phones: ['+34600333444'], former: ['+34600111222'] },
    ],
    [
      'the user id before a change',
      { type: 'system', system: { type: 'user_changed_user_id', user_id: 'ES.2', previous_user_id: 'ES.1' } },
      [],
      { from: 'ES.1', userId: 'ES.2', former: ['ES.1'] },
    ],
  ])('is %s', (_, message, contacts, sender) => {
    expect(senderOf(message, ...contacts)).toEqual({ ...nobody, ...sender });
  });

  it('is nobody where nothing names one', () => {
    expect(senderOf({})).toBeNull();
    expect(senderOf({ from: 'abc', from_user_id: 7 }, { profile: { name: 'Ana' } })).toBeNull();
  });

  it('is not taken from the contact of another where a callback has several', () => {
    const contacts = [{ profile: { name: 'Ana' }, user_id: userId }];
    const messages = [
      { ...text, from: '34600111222' },
      { ...text, id: 'wamid.2', from: '34600333444' },
    ];
    expect(read({ contacts, messages }).messages.map(({ said }) => said.userId)).toEqual([null, null]);
  });
});

describe('a status', () => {
  const status = { id: 'wamid.1', status: 'delivered', timestamp: '1796000000' };
  const saidBy = (members: object) => read({ statuses: [{ ...status, ...members }] }).statuses[0]?.said ?? null;

  it('says who its recipient is where it has more than one id of them', () => {
    expect(saidBy({ recipient_id: '34600111222', recipient_user_id: userId })).toMatchObject({
      source: 'echo',
      phones: ['+34600111222'],
      userId,
    });
    expect([{ recipient_id: '34600111222' }, { recipient_user_id: userId }, {}].map(saidBy)).toEqual([
      null,
      null,
      null,
    ]);
  });
});
