/** A line of /etc/passwd, as far as it matters here. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

// Present on every Debian, Alpine, Fedora and macOS, in this order of preference; none of them owns anything of ours.
const PREFERRED_NAMES = ['nobody', 'postgres', 'daemon'];

export function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/**
 * Whom Postgres runs as; null: ourselves. It refuses root, and initdb wants a user with a name, so root lends it an account
 * that exists: the one that owns the data already (null: there is none yet), else one without any rights.
 */
export function chooseAccount(
  ownUid: number | null,
  accounts: readonly Account[],
  dataOwnerUid: number | null,
): Account | null {
  if (ownUid !== 0) return null;
  const usable = accounts.filter((account) => account.uid !== 0);
  const chosen =
    usable.find((account) => account.uid === dataOwnerUid) ??
    PREFERRED_NAMES.map((name) => usable.find((account) => account.name === name)).find(
      (found) => found !== undefined,
    ) ??
    usable[0];
  if (chosen === undefined) {
    throw new Error('Postgres refuses to run as root and /etc/passwd has no other user: add one, or set DATABASE_URL.');
  }
  return chosen;
}
