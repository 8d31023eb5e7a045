import type { IdKind } from '../../../src/domain/ids.ts';
import { type CalledChannel, type OwnedObjects, ownedNumber } from './owned-objects.ts';

/**
 * A part of a request that names something of the owner. `foreign` is what a stranger sends, `absent` the same for a thing
 * that there is none of; `own` is what the owner sends to find it, null = its answer would not show that it was found.
 */
export interface Named<Part> {
  readonly own: Part | null;
  readonly foreign: Part;
  readonly absent: Part;
}

/** Whose things are named, by whom, and ids of things that nobody has. */
export interface Naming {
  readonly owner: OwnedObjects;
  readonly stranger: CalledChannel;
  readonly createId: (kind: IdKind) => string;
}

/** A part that is needed and names nothing of anybody. */
export function asIs<Part>(part: Part): Named<Part> {
  return { own: null, foreign: part, absent: part };
}

export function nameId(id: string, absent: string): Named<string> {
  return { own: id, foreign: id, absent };
}

/** A text with a name that tenants give: the owner's things are called `theirs`. */
export function nameTheirs(text: string): Named<string> {
  return nameId(text, text.replaceAll('theirs', 'nobodys'));
}

/** The same in every form of a part. */
export function within<From, To>({ own, foreign, absent }: Named<From>, make: (part: From) => To): Named<To> {
  return { own: own === null ? null : make(own), foreign: make(foreign), absent: make(absent) };
}

/** What a stranger can name without hope that the owner's answer differs. */
export function unseen<Part>({ foreign, absent }: Named<Part>): Named<Part> {
  return { own: null, foreign, absent };
}

/** The members of a job that lists are narrowed by and that new messages may carry. */
export function nameJobMembers({ owner, createId }: Naming): Record<string, Named<string>> {
  return {
    channelId: nameId(owner.channel.id, createId('channel')),
    to: nameId(ownedNumber, '+34600111333'),
    conversationId: nameTheirs('theirs'),
    groupId: nameTheirs('theirs'),
    externalId: nameTheirs('theirs'),
    providerMessageId: nameTheirs('wamid.theirs'),
    userId: nameTheirs('theirs'),
    merchantId: nameTheirs('theirs'),
    integration: nameTheirs('theirs'),
    label: nameTheirs('theirs'),
  };
}
