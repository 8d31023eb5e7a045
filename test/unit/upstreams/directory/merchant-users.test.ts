import { describe, expect, it } from 'vitest';
import { readMerchantUsers } from '../../../../src/upstreams/directory/merchant-users.ts';

const read = (users: unknown) => readMerchantUsers(JSON.stringify({ users }));

describe("a directory's list of users", () => {
  it('is read with languages, roles and tokens', () => {
    const push = { enabled: true, tokens: [{ token: 't1', platform: 'ios' }, { token: 't1' }, { token: 't2' }] };
    expect(read([{ id: 'u1', language: 'es-ES', roles: ['user', 'admin'], push }])).toEqual({
      users: [{ id: 'u1', language: 'es-ES', isAdmin: true, push: { enabled: true, tokens: ['t1', 't2'] } }],
      dropped: 0,
    });
  });

  it('takes what is missing or odd as not there', () => {
    const nothing = { language: null, isAdmin: false, push: { enabled: false, tokens: [] } };
    expect(
      read([{ id: 'u1' }, { id: 'u2', language: 7, roles: 'admin', push: { enabled: 'yes', tokens: 'none' } }])?.users,
    ).toEqual([
      { id: 'u1', ...nothing },
      { id: 'u2', ...nothing },
    ]);
  });

  it('loses and counts the items without an id, and no others', () => {
    const list = read([{ id: 'u1' }, null, 'u2', { id: 1.5 }, { id: 2 ** 53 }, { id: '' }, { id: 'u3' }]);
    expect([list?.users.map(({ id }) => id), list?.dropped]).toEqual([['u1', 'u3'], 5]);
  });

  // They were dropped, and the merchant was reported as one without active users.
  it('may number its users', () => {
    expect(read([{ id: 7 }, { id: 0 }])?.users.map(({ id }) => id)).toEqual(['7', '0']);
  });

  // One user's language with a NUL failed the write of a whole page, again and again.
  it('takes a text that cannot be stored as not there', () => {
    const push = { enabled: true, tokens: [{ token: 't\0' }, { token: 't2' }] };
    const list = read([{ id: 'u\0' }, { id: 'u1', language: 'e\ud83d', push }]);
    expect(list).toMatchObject({ users: [{ id: 'u1', language: null, push: { tokens: ['t2'] } }], dropped: 1 });
  });

  it.each([['not JSON'], ['[]'], ['{"users":{}}'], ['{"data":[]}'], ['null'], ['']])('is none in %s', (body) => {
    expect(readMerchantUsers(body)).toBeNull();
  });
});
