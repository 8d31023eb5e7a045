/** What an id of a person is: a phone number (E.164), a business-scoped user id (Meta), or one over portfolios. */
export type IdentityKind = 'phone' | 'user' | 'parent';

/** A person as far as it is known. `name` = the first id that was seen of the person, as it stands in URLs; it never changes. */
export interface KnownRecipient {
  readonly name: string;
  readonly phone: string | null;
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly username: string | null;
}

/** As jobs and activities show a person. */
export type RecipientView = Omit<KnownRecipient, 'name'>;

// E.164 with its plus; Meta: country, dot, up to 128 letters and digits.
const shapes: readonly (readonly [IdentityKind, RegExp])[] = [
  ['phone', /^\+[1-9]\d{6,14}$/],
  ['parent', /^[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}$/],
  ['user', /^[A-Z]{2}\.[A-Za-z0-9]{1,128}$/],
];

/** Null = it is none. */
export function kindOfIdentity(id: string): IdentityKind | null {
  return shapes.find(([, shape]) => shape.test(id))?.[0] ?? null;
}

/** As it stands in URLs: a number's digits, a user id as it is. */
export function nameOfIdentity(id: string): string {
  return /^[+\d]/.test(id) ? id.replace(/\D/g, '') : id;
}

/** The other way round; null = such a name names nobody. */
export function identityOfName(name: string): string | null {
  const id = /^\d/.test(name) ? `+${name}` : name;
  return kindOfIdentity(id) === null || nameOfIdentity(id) !== name ? null : id;
}

/** What a job shows of the person that it is to or from; `known` null = no more than `to` says. `to` null = it is to many. */
export function viewRecipient(to: string | null, known: KnownRecipient | null): RecipientView | null {
  if (known !== null) {
    const { name: _name, ...view } = known;
    return view;
  }
  const kind = to === null ? null : kindOfIdentity(to);
  if (kind === null) return null;
  return {
    phone: kind === 'phone' ? to : null,
    userId: kind === 'user' ? to : null,
    parentUserId: kind === 'parent' ? to : null,
    username: null,
  };
}

/** Where a message to this id goes now: where the person has changed it, to the newer one, and of the same kind if there is one. */
export function addressOf(to: string, known: KnownRecipient | null): string {
  if (known === null || kindOfIdentity(to) === 'parent') return to;
  const { phone, userId } = known;
  return (kindOfIdentity(to) === 'user' ? (userId ?? phone) : (phone ?? userId)) ?? to;
}
