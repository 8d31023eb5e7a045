import { type IdentityKind, kindOfIdentity } from './identity.ts';

/** One id of a person, as it is stored. A username begins with @. `isClosed` = the id is somebody else's by now. */
export interface IdentityFact {
  readonly position: string;
  readonly personId: string;
  readonly id: string;
  readonly kind: IdentityKind | 'username';
  readonly isFormer: boolean;
  readonly isClosed: boolean;
  readonly seenAt: Date;
}

/**
 * Ids that WhatsApp has named together at `at`. `message`: the person has written. `change`: WhatsApp says that the `former`
 * ids were the person's. `echo`: it came with a status or an answer, which may be older than it looks.
 */
export interface SaidIdentity {
  readonly source: 'message' | 'change' | 'echo';
  readonly phones: readonly string[];
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly username: string | null;
  readonly former: readonly string[];
  readonly at: Date;
}

/**
 * What the answer to a send says of the person behind `address`: the ids under which WhatsApp knows it. Null = nothing but the
 * address itself, or it speaks of somebody else.
 */
export function saidByAnswer(address: string, contactIds: readonly string[], at: Date): SaidIdentity | null {
  if (contactIds.length < 2 || !contactIds.includes(address)) return null;
  const ofKind = (kind: IdentityKind) => contactIds.filter((id) => kindOfIdentity(id) === kind);
  return {
    source: 'echo',
    phones: ofKind('phone'),
    userId: ofKind('user')[0] ?? null,
    parentUserId: ofKind('parent')[0] ?? null,
    username: null,
    former: [],
    at,
  };
}

/** A row to be added. `isTakenOver` = the id was somebody else's up to now. */
export interface NewFact {
  readonly id: string;
  readonly kind: IdentityKind | 'username';
  readonly isFormer: boolean;
  readonly isTakenOver: boolean;
}

/**
 * What is to be written. `keep` = the person; null = a new one. `merge` = people who turn out to be the same. The others are
 * positions of rows: `close` = they are this person's no more, `retire` = changed by the person, `revive` = in use again,
 * `touch` = named once more.
 */
export interface IdentityPlan {
  readonly keep: string | null;
  readonly merge: readonly string[];
  readonly close: readonly string[];
  readonly retire: readonly string[];
  readonly revive: readonly string[];
  readonly touch: readonly string[];
  readonly add: readonly NewFact[];
}

/** Often enough for retention, and to know which of several ids is the newest. */
const touchEveryMs = 24 * 60 * 60 * 1000;

/** All ids by which `facts` have to be found for `planIdentity`. */
export function listSaidIds({ phones, userId, parentUserId, username, former }: SaidIdentity): string[] {
  return [...new Set([...former, ...phones, userId, parentUserId, nameAsId(username)].filter((id) => id !== null))];
}

/**
 * Decides who the ids belong to. `facts` = all rows of everybody who has one of them. Ids named together are one person's,
 * and people who share one become one. But a number that comes with another user id than its owner's has a new owner, unless
 * WhatsApp has said that the owner changed; and a number that its owner has given up goes to whoever comes with it.
 */
export function planIdentity(facts: readonly IdentityFact[], said: SaidIdentity): IdentityPlan {
  const current = new Map(facts.filter(({ isClosed }) => !isClosed).map((fact) => [fact.id, fact]));
  const userIds = [
    said.userId,
    said.parentUserId,
    ...said.former.filter((id) => kindOfIdentity(id) !== 'phone'),
  ].filter((id) => id !== null);
  const people = new Set(userIds.flatMap((id) => current.get(id)?.personId ?? []));
  const takenOver = new Set<string>();
  const skipped = new Set<string>();
  for (const id of [...said.former.filter((each) => kindOfIdentity(each) === 'phone'), ...said.phones]) {
    const fact = current.get(id);
    if (fact === undefined || people.has(fact.personId)) continue;
    if (!isOthers(facts, fact, said, userIds)) people.add(fact.personId);
    else if (said.source !== 'echo' && said.phones.includes(id) && said.at >= fact.seenAt) takenOver.add(id);
    else skipped.add(id);
  }
  const [keep = null, ...merge] = inOrderOfLearning(facts, people);
  const own = facts.filter(({ personId, isClosed }) => people.has(personId) && !isClosed);
  const username = nameAsId(said.username);
  const named = current.get(username ?? '');
  const oldNames = own.filter(({ kind, id }) => kind === 'username' && username !== null && id !== username);
  if (named !== undefined && !people.has(named.personId)) oldNames.push(named);
  const close = [...[...takenOver].flatMap((id) => current.get(id) ?? []), ...oldNames];
  const isWanted = (id: string) => !skipped.has(id) && (takenOver.has(id) || own.every((fact) => fact.id !== id));
  const isNowFormer = (id: string) => said.former.includes(id);
  const present = own.filter(({ id }) => listSaidIds(said).includes(id) && !isNowFormer(id));
  return {
    keep,
    merge,
    close: close.map(({ position }) => position),
    retire: own.filter(isRetired).map(({ position }) => position),
    revive: said.source === 'echo' ? [] : present.filter(isRevived).map(({ position }) => position),
    touch: present.filter(isStale).map(({ position }) => position),
    add: inOrderOfNaming(said, takenOver.size > 0)
      .filter(isWanted)
      .map((id) => ({
        id,
        kind: kindOfIdentity(id) ?? 'username',
        isFormer: isNowFormer(id),
        isTakenOver: takenOver.has(id),
      })),
  };

  /** A change that is told again takes nothing from who has changed back since. */
  function isRetired({ id, isFormer, seenAt }: IdentityFact): boolean {
    return isNowFormer(id) && !isFormer && said.at >= seenAt;
  }

  function isRevived({ isFormer, seenAt }: IdentityFact): boolean {
    return isFormer && said.at >= seenAt;
  }

  /** Of several of its kind the one that was named last is used. */
  function isStale(fact: IdentityFact): boolean {
    const newest = Math.max(...own.filter(({ kind }) => kind === fact.kind).map(({ seenAt }) => seenAt.getTime()));
    const staleMs = fact.seenAt.getTime() < newest ? 0 : touchEveryMs;
    return said.at.getTime() - fact.seenAt.getTime() > staleMs;
  }
}

/** Whether a number is another person's than the one with these user ids. Without any, whoever has the number is meant. */
function isOthers(
  facts: readonly IdentityFact[],
  fact: IdentityFact,
  { source, former }: SaidIdentity,
  userIds: readonly string[],
): boolean {
  if (userIds.length === 0) return false;
  if (fact.isFormer && source !== 'change') return true;
  const isElsewhere = facts.some(
    ({ personId, kind, isFormer, isClosed, id }) =>
      personId === fact.personId && kind === 'user' && !isFormer && !isClosed && !userIds.includes(id),
  );
  // A number that was just given up, by somebody of whom no user id is told: it cannot be known that it is another's.
  return isElsewhere && !(former.includes(fact.id) && userIds.every((id) => !former.includes(id)));
}

/** The one who was seen first comes first: its name is kept. */
function inOrderOfLearning(facts: readonly IdentityFact[], people: ReadonlySet<string>): string[] {
  const first = (person: string) =>
    facts
      .filter(({ personId, kind }) => personId === person && kind !== 'username')
      .reduce<bigint | null>((least, { position }) => minOf(least, BigInt(position)), null) ?? 0n;
  return [...people].toSorted((a, b) => (first(a) < first(b) ? -1 : 1));
}

function minOf(a: bigint | null, b: bigint): bigint {
  return a === null || b < a ? b : a;
}

/** The first of a new person names it: what was before, then the number, but never a number that is named by its former owner. */
function inOrderOfNaming(said: SaidIdentity, isTakenOver: boolean): string[] {
  const { former, phones, userId, parentUserId, username } = said;
  const userIds = [userId, parentUserId];
  const ids = isTakenOver ? [...former, ...userIds, ...phones] : [...former, ...phones, ...userIds];
  return [...new Set([...ids, nameAsId(username)].filter((id) => id !== null))];
}

/** Usernames stand beside the ids, and begin with what no id begins with. */
function nameAsId(username: string | null): string | null {
  return username === null ? null : `@${username}`;
}
