import { conversationIdOf, recipientOf } from '../domain/bot-address.ts';
import type { KnownRecipient } from '../domain/identity/identity.ts';
import type { Tx } from './transactions.ts';

/** An id that is or was a person's: `since` null = it was nobody else's before, `until` null = it still is theirs. */
export interface OwnId {
  readonly id: string;
  readonly since: Date | null;
  readonly until: Date | null;
}

/**
 * A condition on `job`, true for those that are the person's: an id may have been another's at the time. `ids` = a parameter
 * with `OwnId`s as JSON.
 */
export function isOwnedBy(ids: string): string {
  return `exists (
    select 1 from json_to_recordset(${ids}::json) as own (id text, since timestamptz, until timestamptz)
    where own.id = recipient and created_at >= coalesce(own.since, '-infinity') and created_at < coalesce(own.until, 'infinity')
  )`;
}

/** All ids of the person whose id this is now. `personId` null = nothing but the id is known. */
export async function findOwnIds(
  tx: Tx,
  id: string,
): Promise<{ readonly personId: string | null; readonly ids: readonly OwnId[] }> {
  const rows = await tx.query<OwnId & { person_id: string }>({
    name: 'find-own-ids',
    text: `select f.person_id, f.id, f.since, f.until from identity own join identity f on f.person_id = own.person_id
      where own.id = $1 and own.until is null and f.kind <> 'username' order by f.position`,
    values: [id],
  });
  const [first] = rows;
  if (first === undefined) return { personId: null, ids: [{ id, since: null, until: null }] };
  const ids = rows.map(({ id: own, since, until }) => ({ id: own, since, until }));
  return { personId: first.person_id, ids };
}

/** What is known of the person whose id this is now; null = nothing but the id. */
export async function findKnown(tx: Tx, id: string): Promise<KnownRecipient | null> {
  const [row] = await tx.query<{ known: KnownRecipient | null }>({
    name: 'find-known',
    text: 'select known_recipient(person_id, id) as known from identity where id = $1 and until is null',
    values: [id],
  });
  return row?.known ?? null;
}

/** Forgets this person; where it has become another one meanwhile, or was not known, whoever has the id. */
export async function forgetPeople(tx: Tx, { personId, id }: { personId: string | null; id: string }): Promise<number> {
  return tx.execute({
    text: `delete from identity where person_id = coalesce(
        (select person_id from identity where person_id = $1 limit 1),
        (select person_id from identity where id = $2 and until is null))`,
    values: [personId, id],
  });
}

/**
 * The person's conversation on a channel, by any id that named one: how it is called now. `movedTo` = the id that named it is
 * somebody else's by now, and this is where the person is found; null = it still is theirs. As it was given where it is no
 * person's conversation on this channel.
 */
export async function findConversation(
  tx: Tx,
  { channelId, conversationId }: { readonly channelId: string; readonly conversationId: string | null },
): Promise<{ readonly conversationId: string | null; readonly movedTo: string | null }> {
  const id = recipientOf(conversationId ?? '', channelId);
  if (id === null) return { conversationId, movedTo: null };
  const rows = await tx.query<{ known: KnownRecipient | null; is_closed: boolean }>({
    name: 'find-conversation',
    // An id may have had several owners: the one who is called by it is meant, else the one who has it now.
    text: `select known_recipient(own.person_id, own.id) as known, own.until is not null as is_closed from identity own
      where own.id = $1
      order by own.position = (
        select min(f.position) from identity f where f.person_id = own.person_id and f.kind <> 'username'
      ) desc, own.until is null desc, own.position desc limit 1`,
    values: [id],
  });
  const { known, is_closed: isClosed } = rows[0] ?? { known: null, is_closed: false };
  if (known === null) return { conversationId, movedTo: null };
  const movedTo = isClosed ? (known.userId ?? known.phone) : null;
  return { conversationId: conversationIdOf(channelId, known.name), movedTo };
}
