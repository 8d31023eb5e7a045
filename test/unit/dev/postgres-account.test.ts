import { describe, expect, it } from 'vitest';
import { chooseAccount, parsePasswd } from '../../../dev/postgres-account.ts';

const accounts = parsePasswd(
  [
    'root:x:0:0:root:/root:/bin/bash',
    'dev:x:1000:1000::/home/dev:/bin/sh',
    'nobody:x:65534:65534::/:/sbin/nologin',
  ].join('\n'),
);

describe('parsePasswd', () => {
  it('skips what is no account', () => {
    expect(parsePasswd('# comment\n\n+::::::\nnobody:*:-2:-2::/:/bin/false\ndaemon:*:1:1::/:/bin/false')).toEqual([
      { name: 'daemon', uid: 1, gid: 1 },
    ]);
  });
});

describe('chooseAccount', () => {
  it('is ourselves when we are not root', () => {
    expect(chooseAccount(1000, accounts, null)).toBeNull();
  });

  it('lends root an account without rights', () => {
    expect(chooseAccount(0, accounts, null)).toMatchObject({ name: 'nobody', uid: 65534 });
  });

  it('stays with the owner of data that exist, so that both root and that user can start them', () => {
    expect(chooseAccount(0, accounts, 1000)).toMatchObject({ name: 'dev' });
  });

  it('does not run as root, even over data that root owns', () => {
    expect(chooseAccount(0, accounts, 0)).toMatchObject({ name: 'nobody' });
  });

  it('takes any other account when none of the usual ones is there', () => {
    expect(chooseAccount(0, accounts.slice(0, 2), null)).toMatchObject({ name: 'dev' });
  });

  it('says what to do when there is none', () => {
    expect(() => chooseAccount(0, accounts.slice(0, 1), null)).toThrow('set DATABASE_URL');
  });
});
