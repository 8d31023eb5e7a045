import { kindOfIdentity } from '../../domain/identity/identity.ts';
import type { SaidIdentity } from '../../domain/identity/learn-identity.ts';

type Members = Readonly<Record<string, unknown>>;

/** One of Meta's `contacts`; null = it does not say, or not readably. */
export interface CallbackContact {
  readonly phone: string | null;
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly username: string | null;
  readonly name: string | null;
}

/** Who a message is from: `from` is the id that the callback names first. */
export interface CallbackSender {
  readonly from: string;
  readonly said: SaidIdentity;
  readonly name: string | null;
}

const maxNameChars = 1_000;

export function readContacts(contacts: unknown): CallbackContact[] {
  return (Array.isArray(contacts) ? contacts : []).filter(isMembers).map((contact) => {
    const profile = isMembers(contact['profile']) ? contact['profile'] : {};
    return {
      phone: readPhone(contact['wa_id']),
      userId: readId(contact['user_id'], 'user'),
      parentUserId: readId(contact['parent_user_id'], 'parent'),
      username: readName(profile['username']),
      name: readName(profile['name']),
    };
  });
}

/**
 * Reads who wrote a message. The number and the user id may each be missing, and stand in the message or in its contact;
 * seen in the field are also an empty `from` and a user id in it. `isAlone` = all messages beside it are from the same
 * person, so that the only contact is that person's. Null = it names nobody.
 */
export function readSender(
  item: Members,
  contacts: readonly CallbackContact[],
  { isAlone, at }: { readonly isAlone: boolean; readonly at: Date },
): CallbackSender | null {
  const phone = readPhone(item['from']);
  const userId = readId(item['from_user_id'], 'user') ?? readId(item['from'], 'user');
  const parentUserId = readId(item['from_parent_user_id'], 'parent') ?? readId(item['from'], 'parent');
  const contact = findContact(contacts, { phone, userId, parentUserId }, isAlone);
  const ids = {
    phones: present([phone, contact?.phone ?? null]),
    userId: userId ?? contact?.userId ?? null,
    parentUserId: parentUserId ?? contact?.parentUserId ?? null,
    username: contact?.username ?? null,
  };
  const change = readChange(item, ids.phones[0] ?? null, ids.userId);
  const said = { source: 'message' as const, former: [], at, ...ids, ...change };
  const from = [...ids.phones, ids.userId, ...said.former, said.userId, said.parentUserId, ...said.phones].find(
    (id) => id !== null,
  );
  return from === undefined ? null : { from, said, name: contact?.name ?? null };
}

/** A number of Meta's, in E.164; null = it is none. */
export function readPhone(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const id = `+${String(value).trim().replace(/^\+/, '')}`;
  return kindOfIdentity(id) === 'phone' ? id : null;
}

export function readId(value: unknown, kind: 'user' | 'parent'): string | null {
  return typeof value === 'string' && kindOfIdentity(value) === kind ? value : null;
}

function findContact(
  contacts: readonly CallbackContact[],
  ids: Pick<CallbackContact, 'phone' | 'userId' | 'parentUserId'>,
  isAlone: boolean,
): CallbackContact | undefined {
  const shares = (contact: CallbackContact) =>
    (['phone', 'userId', 'parentUserId'] as const).some(
      (name) => contact[name] !== null && contact[name] === ids[name],
    );
  const [only, ...others] = contacts;
  const named = contacts.find(shares);
  if (named !== undefined || !isAlone || only === undefined || others.length > 0) return named;
  const differs = (['phone', 'userId'] as const).some(
    (name) => only[name] !== null && ids[name] !== null && only[name] !== ids[name],
  );
  return differs ? undefined : only;
}

/** What a `system` message says of a person's ids; Meta: user_changed_number, user_changed_user_id. */
function readChange(item: Members, phone: string | null, userId: string | null): Partial<SaidIdentity> {
  const system = isMembers(item['system']) ? item['system'] : {};
  const next = readId(system['user_id'], 'user');
  const previous = readId(system['previous_user_id'], 'user');
  const without = (id: string | null, ...others: (string | null)[]) => (others.includes(id) ? null : id);
  if (item['type'] !== 'system') return {};
  if (system['type'] === 'user_changed_number') {
    const newPhone = readPhone(system['wa_id']) ?? readPhone(system['new_wa_id']);
    const newUserId = next ?? without(userId, previous);
    const former = present([
      without(phone, newPhone),
      previous,
      next === null ? null : without(userId, next, previous),
    ]);
    return newPhone === null ? {} : { source: 'change', phones: [newPhone], userId: newUserId, former };
  }
  if (system['type'] === 'user_changed_user_id' && next !== null) {
    return {
      source: 'change',
      userId: next,
      former: present([without(previous, next), without(userId, next, previous)]),
    };
  }
  return {};
}

function present(ids: readonly (string | null)[]): string[] {
  return [...new Set(ids.filter((id) => id !== null))];
}

function readName(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= maxNameChars ? value : null;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
