import { describe, expect, it } from 'vitest';
import { addressOf, identityOfName, kindOfIdentity, viewRecipient } from '../../../../src/domain/identity/identity.ts';

const known = {
  name: '34600111222',
  phone: '+34600333444',
  userId: 'ES.2',
  parentUserId: null,
  username: 'ana.test',
};

describe('an id of a person', () => {
  it.each([
    ['+34600111222', 'phone'],
    ['ES.13491208655302741918', 'user'],
    ['ES.ENT.1181', 'parent'],
    ['34600111222', null],
    ['es.1349', null],
    ['ES.', null],
    ['ES.13-49', null],
    ['', null],
  ])('%j is %j', (id, kind) => {
    expect(kindOfIdentity(id)).toBe(kind);
  });

  it('is read back from its name in a URL', () => {
    expect(['34600111222', 'ES.1349', '+34600111222', 'x'].map(identityOfName)).toEqual([
      '+34600111222',
      'ES.1349',
      null,
      null,
    ]);
  });
});

describe('a message', () => {
  //  to, what is known → address
  it.each([
    ['+34600111222', null, '+34600111222'],
    ['+34600111222', known, '+34600333444'],
    ['ES.1', known, 'ES.2'],
    ['ES.ENT.1', known, 'ES.ENT.1'],
    ['+34600111222', { ...known, phone: null }, 'ES.2'],
    ['ES.1', { ...known, userId: null }, '+34600333444'],
  ])('to %s goes where the person is now', (to, person, address) => {
    expect(addressOf(to, person)).toBe(address);
  });

  it('shows the person as far as known', () => {
    const nothing = { phone: null, userId: null, parentUserId: null, username: null };
    expect(viewRecipient(null, null)).toBeNull();
    expect(viewRecipient('+34600111222', null)).toEqual({ ...nothing, phone: '+34600111222' });
    expect(viewRecipient('ES.1', null)).toEqual({ ...nothing, userId: 'ES.1' });
    expect(viewRecipient('ES.ENT.1', null)).toEqual({ ...nothing, parentUserId: 'ES.ENT.1' });
    const { name: _name, ...view } = known;
    expect(viewRecipient('+34600111222', known)).toEqual(view);
  });
});
